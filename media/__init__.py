"""The media plane: receives, forwards and records RTP packets. Knows tracks, not people."""
