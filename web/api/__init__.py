"""REST resources under /api/v1: each module registers its own, `README.md` says how."""

from web.api import (
    answers,
    calendar,
    documents,
    dumps,
    letters,
    lists,
    meetings,
    openapi,
    people,
    planning,
    recipients,
    recordings,
    reports,
    sites,
    units,
    webhooks,
)

RESOURCES = (
    meetings.api,
    planning.api,
    answers.api,
    documents.api,
    units.api,
    sites.api,
    people.api,
    lists.api,
    letters.api,
    recipients.api,
    calendar.api,
    recordings.api,
    dumps.api,
    webhooks.api,
    reports.api,
)

ROUTES = [
    *(route for resources in RESOURCES for route in resources.routes()),
    openapi.route(RESOURCES),
]
