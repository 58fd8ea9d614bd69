"""The service's settings: one typed TOML file, with environment overrides, validated at start.

`DIEMCAU_MEDIA_PORT=40100` overrides `port` of section `[media]`. An unknown section or key is
refused with the nearest known name. `settings.example.toml` documents every setting; a test fails
when one is missing there.
"""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from conference.addresses import own_addresses
from media.announced import Announced
from rooms.directory.people import EMAIL
from rooms.documents.kinds import Kind

Port = Annotated[int, Meta(ge=0, le=65535)]
ENVIRONMENT_PREFIX = "DIEMCAU_"
# RFC 7065 section 3.1
TURN_URL = re.compile(
    r"turns?:(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?"
)
MAIL_TLS = ("starttls", "tls", "none")
CLAMD = re.compile(r"unix:/.+|[^/]+:\d{1,5}")
KNOWN_KINDS = tuple(kind.value for kind in Kind)
LOG_LEVELS = ("debug", "info", "warning", "error")


class ConfigError(Exception):
    """A setting cannot be used. The text is one line for the person who starts the service."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ServerSettings(_Section, frozen=True, kw_only=True):
    listen: str = "127.0.0.1:8080"  # host:port of pages, API and signalling
    public_url: str = ""  # as people see it: "https://hop.example.vn"; "" = as requested
    secure_cookies: bool = False  # true behind HTTPS
    trusted_proxies: tuple[str, ...] = ()  # addresses whose X-Forwarded-For is believed


class DataSettings(_Section, frozen=True, kw_only=True):
    folder: str = "data"  # database, recordings, keys


class DatabaseSettings(_Section, frozen=True, kw_only=True):
    url: str = ""  # SQLAlchemy async URL; "" = SQLite in the data folder


class MediaSettings(_Section, frozen=True, kw_only=True):
    addresses: tuple[str, ...] = ()  # announced to clients, or ANNOUNCED=BOUND; () = our own
    ipv6: bool = False  # this machine's own IPv6 addresses as well
    port: Port = 40000  # UDP port on each of them
    workers: Annotated[int, Meta(ge=1, le=64)] = 1  # processes; worker k listens on port + k
    dumps: bool = False  # redacted packet dumps may be taken
    dump_megabytes: Annotated[int, Meta(ge=250)] = 1000  # all of them together, on the disk
    tcp_switch_loss: Annotated[float, Meta(gt=0, le=1)] = 0.15  # of packets, whatever is sent
    tcp_switch_delay_ms: Annotated[float, Meta(gt=0)] = 1500.0  # round trip on TCP: come back
    tcp_switch_seconds: Annotated[int, Meta(ge=1, le=3600)] = 10  # so long
    tcp_port: Port = 0  # TCP port on each of them, + k as well; 0 = the same number as `port`
    spread_percent: Annotated[int, Meta(ge=0, le=100)] = 70  # of a core: then the next worker


class TurnSettings(_Section, frozen=True, kw_only=True):
    urls: tuple[str, ...] = ()  # "turn:HOST:3478", "turns:HOST:443?transport=tcp"; () = no TURN
    secret: str = ""  # coturn's static-auth-secret
    ttl_seconds: Annotated[int, Meta(ge=60, le=7 * 86400)] = 6 * 3600  # of credentials
    relay_addresses: tuple[str, ...] = ()  # addresses the servers send from; () = those in urls


class MailSettings(_Section, frozen=True, kw_only=True):
    host: str = ""  # SMTP server; "" = mails are kept, nothing is sent
    port: Port = 587
    tls: str = "starttls"  # "starttls", "tls" (from the first byte) or "none"
    ca_file: str = ""  # certificates to trust, PEM; "" = those of the system
    user: str = ""
    password: str = ""
    sender: str = ""  # address mails come from
    sender_name: str = "Điểm Cầu"
    reply_to: str = ""  # where people's replies go
    hold_minutes: Annotated[int, Meta(ge=0, le=1440)] = 10  # after a change, before it is mailed


class SiteSettings(_Section, frozen=True, kw_only=True):
    province: str = "Tỉnh Gia Lai"
    hotline: str = "0269 3 555 017"  # technical hotline, shown on every page


class MeetingSettings(_Section, frozen=True, kw_only=True):
    sites_at_once: Annotated[int, Meta(ge=1)] = 250  # in all meetings of one moment
    notice_days: Annotated[int, Meta(ge=0, le=60)] = 3  # working days, letter to meeting


class WebhookSettings(_Section, frozen=True, kw_only=True):
    hosts: tuple[str, ...] = ()  # the only hosts webhooks may name; () = all but this machine


class ReportSettings(_Section, frozen=True, kw_only=True):
    origin: str = "pleiku"  # where people would travel to; a name in the table of distances
    distances: str = ""  # a CSV file in place of the built-in table
    vnd_per_km: Annotated[int, Meta(ge=0, le=1_000_000)] = 2_000  # for one person
    vnd_per_day: Annotated[int, Meta(ge=0, le=100_000_000)] = 200_000  # for one person
    nearest_km: Annotated[float, Meta(ge=0)] = 10.0  # nearer sites are not counted
    speed_kmh: Annotated[float, Meta(gt=0)] = 40.0


class DocumentSettings(_Section, frozen=True, kw_only=True):
    file_megabytes: Annotated[int, Meta(ge=1, le=2000)] = 50
    meeting_megabytes: Annotated[int, Meta(ge=1, le=100_000)] = 500  # all files of one meeting
    kinds: tuple[str, ...] = ()  # "pdf", "docx", …; () = all that are known
    clamd: str = ""  # "unix:/run/clamav/clamd.ctl" or "HOST:PORT"; "" = files are not scanned
    quarantine: bool = False  # keep infected files in the data folder; else they are deleted
    office: str = ""  # the LibreOffice program; "" = soffice when installed, "off" = none
    office_seconds: Annotated[int, Meta(ge=5, le=3600)] = 120  # a conversion may take


class LogSettings(_Section, frozen=True, kw_only=True):
    level: str = "info"  # debug, info, warning, error


class Settings(_Section, frozen=True, kw_only=True):
    """All sections, with their defaults."""

    server: ServerSettings = ServerSettings()
    data: DataSettings = DataSettings()
    database: DatabaseSettings = DatabaseSettings()
    media: MediaSettings = MediaSettings()
    turn: TurnSettings = TurnSettings()
    mail: MailSettings = MailSettings()
    site: SiteSettings = SiteSettings()
    meetings: MeetingSettings = MeetingSettings()
    webhooks: WebhookSettings = WebhookSettings()
    reports: ReportSettings = ReportSettings()
    documents: DocumentSettings = DocumentSettings()
    logs: LogSettings = LogSettings()

    @property
    def host_and_port(self) -> tuple[str, int]:
        host, _, port = self.server.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def folder(self) -> Path:
        return Path(self.data.folder)

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite+aiosqlite:///{self.folder / 'diemcau.sqlite'}"

    @property
    def relay_addresses(self) -> tuple[str, ...]:
        """Where relayed media comes from."""
        named = [TURN_URL.fullmatch(url) for url in self.turn.urls]
        hosts = [match["host"].strip("[]") for match in named if match is not None]
        return self.turn.relay_addresses or tuple(host for host in hosts if _is_address(host))

    @property
    def media_addresses(self) -> tuple[str, ...]:
        """ "ADDRESS" or "ANNOUNCED=BOUND", best first."""
        return self.media.addresses or own_addresses(ipv6=self.media.ipv6)


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the file (None: defaults), apply the environment, validate.

    Raises:
        ConfigError: unreadable, not TOML, an unknown name, a wrong type or value.
    """
    values = _read(path) if path is not None else {}
    _refuse_unknown(values)
    _apply_environment(values, environment)
    try:
        settings = msgspec.convert(values, Settings, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(_readable(error)) from None
    _check(settings)
    return settings


def _readable(error: msgspec.ValidationError) -> str:
    """ "settings: [media] port: expected int <= 65535"."""
    what, where = _what(error)
    place = re.match(r"`\$\.(\w+)\.(\w+)", where)
    return f"settings: [{place[1]}] {place[2]}: {what}" if place else f"settings: {what}"


def _what(error: msgspec.ValidationError) -> tuple[str, str]:
    """What is wrong, and where, of msgspec's "Expected `int` <= 65535 - at `$.media.port`"."""
    what, _, where = str(error).partition(" - at ")
    return what[:1].lower() + what[1:].replace("`", ""), where


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


def sections() -> dict[str, dict[str, Any]]:
    """Section name -> key -> type, of every setting there is."""
    return {name: get_type_hints(kind) for name, kind in get_type_hints(Settings).items()}


def _refuse_unknown(values: dict[str, Any]) -> None:
    known = sections()
    for section, keys in values.items():
        if section not in known:
            raise ConfigError(f"settings: unknown section [{section}]{_nearest(section, known)}")
        if not isinstance(keys, dict):
            raise ConfigError(f"settings: {section} must be a section, [{section}]")
        for key in keys:
            if key not in known[section]:
                hint = _nearest(key, known[section])
                raise ConfigError(f"settings: unknown key {key} in [{section}]{hint}")


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"; did you mean {near[0]}?" if near else ""


def _apply_environment(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    known = sections()
    by_variable = {
        f"{ENVIRONMENT_PREFIX}{section}_{key}".upper(): (section, key, kind)
        for section, keys in known.items()
        for key, kind in keys.items()
    }
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        if variable not in by_variable:
            raise ConfigError(f"unknown variable {variable}{_nearest(variable, by_variable)}")
        section, key, kind = by_variable[variable]
        raw: Any = [part.strip() for part in text.split(",") if part.strip()]
        value = raw if kind == tuple[str, ...] else text
        try:
            values.setdefault(section, {})[key] = msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{variable}: {_what(error)[0]}") from None


def _check(settings: Settings) -> None:
    """What types cannot say.

    Raises:
        ConfigError: for the first setting that cannot be used.
    """
    host, _, port = settings.server.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError("settings: [server] listen: must be HOST:PORT")
    url = urlsplit(settings.server.public_url)
    if settings.server.public_url and (
        url.scheme not in ("http", "https") or not url.netloc or url.path not in ("", "/")
    ):
        raise ConfigError("settings: [server] public_url: must be like https://hop.example.vn")
    _check_addresses("[server] trusted_proxies", settings.server.trusted_proxies)
    _check_announced(settings.media.addresses)
    _check_turn(settings.turn)
    if max(settings.media.port, settings.media.tcp_port) + settings.media.workers > 65536:
        raise ConfigError("settings: [media] workers: port + workers must stay below 65537")
    _check_mail(settings.mail)
    _check_documents(settings.documents)
    if settings.logs.level not in LOG_LEVELS:
        raise ConfigError(f"settings: [logs] level: must be one of {', '.join(LOG_LEVELS)}")


def _check_addresses(where: str, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ConfigError(f"settings: {where}: {address} is not an IP address") from None


def _check_announced(addresses: tuple[str, ...]) -> None:
    for address in addresses:
        try:
            Announced.parse(address)
        except ValueError as error:
            raise ConfigError(f"settings: [media] addresses: {error}") from None


def _check_turn(turn: TurnSettings) -> None:
    for url in turn.urls:
        if TURN_URL.fullmatch(url) is None:
            raise ConfigError(
                f"settings: [turn] urls: {url} is not like turn:HOST:3478?transport=udp"
            )
    if turn.urls and not turn.secret:
        raise ConfigError("settings: [turn] secret: must be that of the TURN servers")
    _check_addresses("[turn] relay_addresses", turn.relay_addresses)


def _check_documents(documents: DocumentSettings) -> None:
    for kind in documents.kinds:
        if kind not in KNOWN_KINDS:
            known = ", ".join(KNOWN_KINDS)
            raise ConfigError(f"settings: [documents] kinds: {kind} is none of {known}")
    if documents.clamd and not CLAMD.fullmatch(documents.clamd):
        raise ConfigError("settings: [documents] clamd: must be unix:PATH or HOST:PORT")


def _check_mail(mail: MailSettings) -> None:
    if mail.tls not in MAIL_TLS:
        raise ConfigError(f"settings: [mail] tls: must be one of {', '.join(MAIL_TLS)}")
    if mail.host and not EMAIL.fullmatch(mail.sender):
        raise ConfigError("settings: [mail] sender: must be an address like hop@example.vn")
    if mail.reply_to and not EMAIL.fullmatch(mail.reply_to):
        raise ConfigError("settings: [mail] reply_to: must be an address like hop@example.vn")
    if mail.ca_file and not Path(mail.ca_file).is_file():
        raise ConfigError(f"settings: [mail] ca_file: there is no file {mail.ca_file}")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
