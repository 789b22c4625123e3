"""The command line, `jupyter codex`: a host like the kernel and the server.

One small module per subcommand; `app` knows their names only, so that a command imports what it
needs and nothing else.
"""
