"""The domain: units, people, meetings and the live session. Knows nothing of packets, sockets or HTTP."""
