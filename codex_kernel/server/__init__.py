"""The Jupyter server extension: the turn log by HTTP and WebSocket, for every page and client.

Reads and follows the log, and asks owners of turns by writing commands; runs no turn. Owns
tornado, the bodies of requests and who may make them. Knows neither kernel nor command line.
"""
