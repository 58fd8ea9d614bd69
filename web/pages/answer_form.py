"""The form of one site's answer: what was typed, and the reply it makes. Pure."""

from dataclasses import dataclass, replace

from multidict import MultiMapping

from rooms.answers.people_list import parse_people
from rooms.answers.records import AnswerState, Delegate, Reply, SiteAnswer
from web.i18n import mark

MAX_TEXT = 2_000
MAX_PASTED = 100_000
MAX_ROWS = 1_000
FIRST_ROWS = 2

BAD_STATE = mark("Chọn tham dự hoặc không tham dự.")
BAD_HEADS = mark("Số đại biểu là số từ 1 đến 5000.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValues:
    """The form as typed, kept when it comes back with errors."""

    state: str = ""
    reason: str = ""
    presiding_name: str = ""
    presiding_position: str = ""
    head_count: str = ""
    note: str = ""
    pasted: str = ""
    revision: int | None = None
    rows: tuple[Delegate, ...] = ()


def from_answer(answer: SiteAnswer) -> FormValues:
    """The form as it opens; it proposes to confirm."""
    state = AnswerState.CONFIRMED if answer.state is AnswerState.PENDING else answer.state
    return FormValues(
        state=state.value,
        reason=answer.reason,
        presiding_name=answer.presiding_name,
        presiding_position=answer.presiding_position,
        head_count=str(answer.head_count or ""),
        note=answer.note,
        revision=answer.revision,
        rows=answer.delegates or (Delegate(full_name=""),) * FIRST_ROWS,
    )


def _text(form: MultiMapping[object], name: str, limit: int = MAX_TEXT) -> str:
    return str(form.get(name, ""))[:limit].strip()


def _texts(form: MultiMapping[object], name: str) -> list[str]:
    return [str(value)[:MAX_TEXT].strip() for value in form.getall(name, [])][:MAX_ROWS]


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def read_form(form: MultiMapping[object]) -> FormValues:
    """What was typed, bounded in size."""
    names, positions, units = (
        _texts(form, f"delegate_{field}") for field in ("name", "position", "unit")
    )
    rows = tuple(
        Delegate(
            full_name=name,
            position=positions[i] if i < len(positions) else "",
            unit=units[i] if i < len(units) else "",
        )
        for i, name in enumerate(names)
    )
    return FormValues(
        state=_text(form, "state"),
        reason=_text(form, "reason"),
        presiding_name=_text(form, "presiding_name"),
        presiding_position=_text(form, "presiding_position"),
        head_count=_text(form, "head_count"),
        note=_text(form, "note"),
        pasted=_text(form, "pasted", MAX_PASTED),
        revision=number(_text(form, "revision")),
        rows=rows,
    )


def filled(rows: tuple[Delegate, ...]) -> tuple[Delegate, ...]:
    """Rows in which something was typed."""
    return tuple(row for row in rows if row.full_name or row.position or row.unit)


def with_pasted(values: FormValues) -> FormValues:
    """The pasted list as rows below those there are."""
    rows = (*filled(values.rows), *parse_people(values.pasted))[:MAX_ROWS]
    return replace(values, rows=rows, pasted="")


def apply_action(values: FormValues, action: str) -> FormValues | None:
    """A button that changes the form without sending it; None: it is sent."""
    name, _, argument = action.partition(":")
    if name == "paste":
        return with_pasted(values)
    if name == "add-row" and len(values.rows) < MAX_ROWS:
        return replace(values, rows=(*values.rows, Delegate(full_name="")))
    if name == "remove-row":
        index = number(argument)
        return replace(values, rows=tuple(r for i, r in enumerate(values.rows) if i != index))
    return None


def to_reply(values: FormValues) -> tuple[Reply, dict[str, str]]:
    """The reply, and what could not be read: field -> message id."""
    errors = {}
    values = with_pasted(values)
    state = next((state for state in AnswerState if state == values.state), None)
    if state is None:
        errors["state"] = BAD_STATE
    heads = number(values.head_count)
    if values.head_count and heads is None and state is AnswerState.CONFIRMED:
        errors["head_count"] = BAD_HEADS
    reply = Reply(
        state=state or AnswerState.PENDING,
        reason=values.reason,
        presiding_name=values.presiding_name,
        presiding_position=values.presiding_position,
        head_count=heads,
        delegates=values.rows,
        note=values.note,
    )
    return reply, errors
