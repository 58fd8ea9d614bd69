"""The domain: units, people, meetings and the live session. It knows nothing of packets or HTTP."""
