"""Codex's app-server: its protocol on one side, our events and settings on the other."""
