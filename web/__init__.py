"""Pages, forms, the REST API, WHIP/WHEP and the browser modules."""
