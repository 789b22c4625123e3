"""The live thing: sessions that run turns, and the questions, stops and steers of a turn."""
