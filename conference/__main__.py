"""The command line: `diemcau COMMAND`, or `python -m conference COMMAND`."""

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop

from conference import __version__
from conference.config import ConfigError, Settings, load


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the process's exit code."""
    options = parse_arguments(arguments)
    try:
        return _run(options.command(options))
    except ConfigError as error:
        print(f"diemcau: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line as `options`; `options.command` is what to run."""
    return _parser().parse_args(arguments)


def _run(work: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="diemcau", description="Điểm Cầu: the video-conference service of a province"
    )
    parser.add_argument("--version", action="version", version=f"diemcau {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "serve", "run the service", _serve, _with_config)
    _add(commands, "demo", "run it with demo data and simulated sites", _demo, _demo_options)
    _add(commands, "bench", "measure any WHIP/WHEP server", _bench, _bench_options)
    _add(commands, "replay", "tell what the media cores make of a dump", _replay, _replay_options)
    _add(commands, "dumps", "list the packet dumps in the data folder", _dumps, _with_store)
    _add(commands, "token", "issue a bearer token for WHIP or WHEP", _token, _token_options)
    _add(commands, "user", "create an account or set its password", _user, _user_options)
    _add(commands, "mail", "send a test mail", _mail, _mail_options)
    _add(commands, "units", "load, import or export units and sites", _units, _units_options)
    return parser


def _add(
    commands: Any,
    name: str,
    text: str,
    run: Callable[[argparse.Namespace], Coroutine[Any, Any, int]],
    options: Callable[[argparse.ArgumentParser], None],
) -> None:
    parser = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    options(parser)
    parser.set_defaults(command=run)


# ---------------------------------------------------------------- serve, demo


def _with_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")


def _with_store(parser: argparse.ArgumentParser) -> None:
    _with_config(parser)
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder, when no --config")


def _settings(options: argparse.Namespace) -> Settings:
    environment = dict(os.environ)
    if getattr(options, "data", None) is not None:
        environment["DIEMCAU_DATA_FOLDER"] = str(options.data)
    return load(getattr(options, "config", None), environment)


async def _serve(options: argparse.Namespace) -> int:
    from conference.app import serve

    return await serve(_settings(options))


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT")
    parser.add_argument("--media-port", default="40000", metavar="PORT", help="UDP")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR")
    parser.add_argument("--sites", type=int, default=6, metavar="N", help="simulated; 0 = none")


async def _demo(options: argparse.Namespace) -> int:
    from conference.demo import demo

    environment = dict(os.environ)
    environment.setdefault("DIEMCAU_LOGS_LEVEL", "warning")  # the address stays in sight
    environment["DIEMCAU_SERVER_LISTEN"] = options.listen
    environment["DIEMCAU_MEDIA_PORT"] = options.media_port
    environment["DIEMCAU_DATA_FOLDER"] = str(options.data)
    return await demo(load(None, environment), options.sites)


# ---------------------------------------------------------------- replay


def _replay_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="packet dump of one site's line")
    parser.add_argument("--rtt", type=float, default=100.0, metavar="MS", help="assumed round trip")
    parser.add_argument("--core", action="append", metavar="NAME", help="only its decisions")


async def _replay(options: argparse.Namespace) -> int:
    from media.dump import DumpError, load
    from media.replay import Replay, table

    try:
        media, records = load(options.file)
    except (DumpError, OSError) as error:
        print(f"diemcau: {options.file}: {error}", file=sys.stderr)
        return 1
    replay = Replay(media, options.rtt / 1000)
    decisions = (d for d in replay.run(records) if not options.core or d.core in options.core)
    for line in table(decisions):
        print(line)
    print("", *replay.summary(), sep="\n")
    return 0


async def _dumps(options: argparse.Namespace) -> int:
    from conference.administration import list_dumps

    return list_dumps(_settings(options))


# ---------------------------------------------------------------- bench


def _bench_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scenario",
        choices=("viewers", "province"),
        default="viewers",
        help="viewers: P publishers to N subscribers; province: one meeting of many sites",
    )
    parser.add_argument("--sites", type=int, default=250, metavar="N", help="of the province")
    parser.add_argument(
        "--tiles",
        choices=("spread", "same"),
        default="spread",
        help="whether the province's sites show different tiles or the same",
    )
    parser.add_argument("--publishers", type=int, default=1, metavar="P")
    parser.add_argument("--subscribers", type=int, default=50, metavar="N")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S")
    parser.add_argument("--url", default="", help="server; without it one is started")
    parser.add_argument("--meeting", default="bench", metavar="M")
    parser.add_argument("--token", default="", help="bearer token for every client")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the server's data folder: signs tokens"
    )
    parser.add_argument("--server-pid", type=int, action="append", default=[], metavar="PID")
    parser.add_argument(
        "--feedback",
        choices=("transport-cc", "none"),
        default="transport-cc",
        help="what subscribers report besides loss; browsers: transport-cc, 16 times a second",
    )
    parser.add_argument(
        "--burst",
        type=int,
        default=2,
        metavar="K",
        help="packets a publisher sends at once, every 5 ms; Chromium sends whole frames",
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="W", help="media workers of the server it starts"
    )
    parser.add_argument(
        "--spread",
        action="store_true",
        help="the meeting on all workers from the start; by default when one is full",
    )
    parser.add_argument("--pin", action="store_true", help="server on core 0, load on the others")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


async def _bench(options: argparse.Namespace) -> int:
    from conference.bench import run_bench
    from conference.bench_province import run_province

    return await (run_province if options.scenario == "province" else run_bench)(options)


# ---------------------------------------------------------------- administration


def _token_options(parser: argparse.ArgumentParser) -> None:
    _with_store(parser)
    parser.add_argument("--meeting", required=True, metavar="M", help="id or short name")
    parser.add_argument("--role", required=True, choices=("publisher", "viewer"))
    parser.add_argument("--name", default="", help="shown on the encoder's tile")
    parser.add_argument("--hours", type=float, default=12.0, help="how long it is valid")


async def _token(options: argparse.Namespace) -> int:
    from conference.administration import issue_meeting_token

    return await issue_meeting_token(
        _settings(options), options.meeting, options.role, options.name, options.hours
    )


def _user_options(parser: argparse.ArgumentParser) -> None:
    _with_store(parser)
    parser.add_argument("username")
    parser.add_argument("--name", default="", help="full name; needed for a new account")
    parser.add_argument(
        "--role",
        default="official",
        choices=("administrator", "secretariat", "technician", "official", "site-device"),
    )
    parser.add_argument("--position", default="")
    parser.add_argument("--site", default=None, help="code of the site the account sits at")


async def _user(options: argparse.Namespace) -> int:
    from conference.administration import put_user

    password = os.environ.get("DIEMCAU_PASSWORD") or _ask_password()
    settings = _settings_without_password(options)
    return await put_user(
        settings,
        username=options.username,
        password=password,
        full_name=options.name,
        role=options.role,
        position=options.position,
        site_code=options.site,
    )


def _settings_without_password(options: argparse.Namespace) -> Settings:
    os.environ.pop("DIEMCAU_PASSWORD", None)
    return _settings(options)


def _ask_password() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ConfigError("the two passwords differ")
    return password


def _mail_options(parser: argparse.ArgumentParser) -> None:
    _with_store(parser)
    parser.add_argument("address", help="who gets it")


async def _mail(options: argparse.Namespace) -> int:
    from conference.administration import try_mail

    return await try_mail(_settings(options), options.address)


def _units_options(parser: argparse.ArgumentParser) -> None:
    _with_store(parser)
    parser.add_argument(
        "action",
        nargs="?",
        default="load",
        choices=("load", "import", "export"),
        help="load: the shipped units and sites (default)",
    )
    parser.add_argument(
        "kind", nargs="?", default="units", choices=("units", "sites", "people", "groups")
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="CSV")
    parser.add_argument("--check", action="store_true", help="show what an import would change")
    parser.add_argument(
        "--since", default="", metavar="DAY", help="changed units are so from this day"
    )


async def _units(options: argparse.Namespace) -> int:
    from conference.administration import load_units
    from conference.lists import export_list, import_list

    settings = _settings(options)
    if options.action == "export":
        return await export_list(settings, options.kind, options.file)
    if options.action == "import":
        return await import_list(
            settings, options.kind, options.file, check=options.check, since=options.since
        )
    return await load_units(settings)


if __name__ == "__main__":
    sys.exit(main())
