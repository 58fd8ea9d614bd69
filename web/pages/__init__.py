"""Every page: address -> handler."""

from web.pages import (
    accounts,
    audit,
    calendar,
    guide,
    health,
    history,
    home,
    lunar_choice,
    meeting,
    recording,
    room,
    schedule,
    sign_in,
    site_line,
    tokens,
    webhooks,
)

ROUTES = [
    *sign_in.ROUTES,
    *home.ROUTES,
    *schedule.ROUTES,
    *calendar.ROUTES,
    *lunar_choice.ROUTES,
    *meeting.ROUTES,
    *history.ROUTES,
    *room.ROUTES,
    *recording.ROUTES,
    *health.ROUTES,
    *site_line.ROUTES,
    *accounts.ROUTES,
    *audit.ROUTES,
    *tokens.ROUTES,
    *webhooks.ROUTES,
    *guide.ROUTES,
]
