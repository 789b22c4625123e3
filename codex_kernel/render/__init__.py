"""Pictures of a turn: pure functions of a transcript's JSON object.

`bundle` makes the MIME bundle of a notebook output, `html`, `text` its parts; `markdown`,
`terminal` and `diff` turn what an agent wrote into safe HTML. Nothing here reads a file, the
clock or the network, and everything an agent wrote is untrusted.
"""
