"""What of a changed meeting its guests must hear. Pure."""

from collections.abc import Mapping

from rooms.invitations.words import time_words, with_position
from rooms.meetings.drafts import MeetingDraft
from rooms.meetings.records import Meeting

# Changes to anything else are no reason to write to hundreds of people.
TOLD = ("title", "start", "end", "chair_id", "main_site_id", "venue")


def matters(before: MeetingDraft, after: MeetingDraft) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in TOLD)


def composition_changed(before: MeetingDraft, after: MeetingDraft, site_id: int | None) -> bool:
    """Whether a site is asked for other people than before."""
    old = {site.site_id: (site.composition, site.delegates) for site in before.sites}
    new = {site.site_id: (site.composition, site.delegates) for site in after.sites}
    return site_id in old and site_id in new and old[site_id] != new[site_id]


def change_lines(
    before: MeetingDraft, meeting: Meeting, names: Mapping[int, str], after: MeetingDraft
) -> tuple[str, ...]:
    """What is new and what it was, a line each.

    Args:
        names: of chairs, by account.
    """
    lines = []
    if before.title != after.title:
        lines.append(f"Tên cuộc họp: {after.title} (trước đây: {before.title}).")
    if (before.start, before.end) != (after.start, after.end):
        lines.append(f"Thời gian: {time_words(meeting.start, meeting.end)}{_old_time(before)}.")
    if before.chair_id != after.chair_id:
        old = names.get(before.chair_id or 0, "")
        was = f" (trước đây: {old})" if old else ""
        chair = with_position(meeting.chair_name, meeting.chair_position)
        lines.append(f"Chủ trì: {chair}{was}.")
    if (before.venue, before.main_site_id) != (after.venue, after.main_site_id):
        main = meeting.main_site
        where = ", ".join(part for part in (meeting.venue, main.name if main else "") if part)
        lines.append(f"Điểm cầu chính: {where or 'chưa định'}.")
    return tuple(lines)


def _old_time(before: MeetingDraft) -> str:
    if before.start is None or before.end is None:
        return ""
    words = time_words(before.start, before.end)
    return f" (trước đây: {words[0].lower()}{words[1:]})"
