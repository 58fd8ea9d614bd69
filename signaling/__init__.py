"""The WebSocket protocol between a client and its meeting; `PROTOCOL.md` is its reference."""
