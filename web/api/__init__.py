"""REST resources under /api/v1: each module registers its own, `README.md` says how."""

from web.api import calendar, dumps, meetings, openapi, recordings, reports, webhooks

RESOURCES = (meetings.api, recordings.api, dumps.api, webhooks.api, calendar.api, reports.api)
from web.api import (
    dumps,
    lists,
    meetings,
    people,
    recordings,
    reports,
    sites,
    units,
    webhooks,
)

RESOURCES = (
    meetings.api,
    units.api,
    sites.api,
    people.api,
    lists.api,
    recordings.api,
    dumps.api,
    webhooks.api,
    reports.api,
)

ROUTES = [
    *(route for resources in RESOURCES for route in resources.routes()),
    openapi.route(RESOURCES),
]
