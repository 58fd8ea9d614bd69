"""REST resources under /api/v1."""

from web.api import dumps, meetings, openapi, recordings

ROUTES = [*meetings.ROUTES, *recordings.ROUTES, *dumps.ROUTES, *openapi.ROUTES]
