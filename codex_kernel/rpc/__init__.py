"""JSON-RPC as the app-server speaks it; knows none of its methods."""
