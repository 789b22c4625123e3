"""What a turn is: its events, states, transcript and approvals.

Pure values and functions. Knows neither Codex's wire nor SQLite nor Jupyter.
"""
