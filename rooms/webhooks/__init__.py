"""Other systems follow the schedule: who is told (`endpoints`), of what (`events`), and the
queue that loses nothing (`deliveries`). `conference/webhooks.py` sends."""
