"""The Codex kernel: each cell is a prompt."""
