"""Lists of the directory as CSV, on the command line: export, check, import."""

import sys
from datetime import date
from pathlib import Path

from conference.administration import store
from conference.config import ConfigError, Settings
from rooms.directory.directory import today
from rooms.directory.imports.faults import Fault
from rooms.directory.imports.plans import Plan
from rooms.directory.imports.service import Imports, ListKind
from rooms.directory.imports.tables import parse_day
from rooms.errors import Invalid


async def export_list(settings: Settings, kind: str, file: Path | None) -> int:
    """Write the list to the file, or to standard output."""
    async with store(settings) as db:
        content = await Imports(db).export(ListKind(kind), today())
    _write(content, file)
    return 0


async def import_list(
    settings: Settings, kind: str, file: Path | None, *, check: bool, since: str
) -> int:
    """Print every change, or every fault; write when there are none and it is no mere check."""
    content = _read(file)
    from_day = _day(since)
    async with store(settings) as db:
        imports = Imports(db)
        if check:
            plan = await imports.preview(ListKind(kind), content, today())
        else:
            plan = await _write_list(imports, ListKind(kind), content, from_day)
    for line in described(plan):
        print(line)
    if plan.faults:
        print(f"{len(plan.faults)} faults; nothing written", file=sys.stderr)
        return 1
    done = "would be" if check else "were"
    print(f"{plan.added} {done} added, {plan.changed} changed; {plan.same} stay as they are")
    return 0


async def _write_list(imports: Imports, kind: ListKind, content: bytes, since: date | None) -> Plan:
    try:
        return await imports.write(kind, content, today(), since=since)
    except Invalid as invalid:
        raise ConfigError("; ".join(invalid.errors.values())) from None


def _write(content: bytes, file: Path | None) -> None:
    if file is None:
        sys.stdout.write(content.decode("utf-8-sig"))
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None


def _read(file: Path | None) -> bytes:
    if file is None:
        raise ConfigError("import needs a FILE")
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None


def _day(text: str) -> date | None:
    found = parse_day(text) if text else None
    if text and found is None:
        raise ConfigError(f"--since {text}: a day is written 2025-07-01")
    if found is not None and found > today():
        raise ConfigError(f"--since {text}: a day to come is a reform; use the page for it")
    return found


def described(plan: Plan) -> list[str]:
    """The plan for people who read a terminal."""
    lines = [_fault(fault) for fault in plan.faults]
    for change in plan.changes:
        mark = "+" if change.new else "~"
        fields = "; ".join(f"{f.title}: {f.old or '–'} -> {f.new or '–'}" for f in change.fields)
        shown = "" if change.new else f": {fields}"
        lines.append(f"{mark} {change.line}: {change.key} {change.label}{shown}")
    return lines


def _fault(fault: Fault) -> str:
    where = f"{fault.line}, {fault.column}" if fault.column else str(fault.line)
    shown = f" ({fault.value})" if fault.value else ""
    return f"! {where}: {fault.text}{shown}"
