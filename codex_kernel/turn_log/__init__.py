"""The record of turns: one SQLite file per user, and everything that is kept beside turns.

A turn is written by its owner alone; everybody else reads, follows, and asks the owner by
writing a command. Knows what a turn is, but nothing of Codex's wire or Jupyter. sqlite3 errors
become `LogError`s here.
"""
