"""What Codex may call: the live namespace and open notebooks, offered as an MCP server.

MCP is spoken here by ourselves (`wire`, five methods): Codex waits one second for an MCP server
before a turn begins without it, and importing the official SDK takes longer than that. The SDK's
client is what the tests drive it with.
"""
