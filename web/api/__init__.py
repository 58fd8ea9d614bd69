"""REST resources under /api/v1."""

from web.api import meetings, openapi, recordings

ROUTES = [*meetings.ROUTES, *recordings.ROUTES, *openapi.ROUTES]
