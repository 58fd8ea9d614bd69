"""Invitations: numbers and letters, recipients and their links, what is mailed to them."""
