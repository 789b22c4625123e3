"""What codex_kernel costs, measured against a bare reader of the same app-server's pipe.

`python -m benchmarks` runs the real Codex binary against a scripted model and prints a table.
Every claim is a ratio of two things measured in the same run, or an absolute with its target.
"""
