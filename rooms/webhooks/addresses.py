"""Which addresses a webhook may name: the service must not be made to speak to itself, to its
machine or to what only this machine can reach."""

import ipaddress
from urllib.parse import urlsplit

from rooms.errors import N_

MAX_URL_CHARS = 500

_NOT_AN_ADDRESS = N_("Địa chỉ phải bắt đầu bằng http:// hoặc https:// và có tên máy.")
_HAS_PASSWORD = N_("Địa chỉ không được chứa tên người dùng hay mật khẩu.")
_NOT_LISTED = N_("Máy này không có trong danh sách được phép của cài đặt [webhooks] hosts.")
_NOT_REACHABLE = N_("Địa chỉ này chỉ có trên chính máy chủ, không gửi đến được.")


def url_fault(url: str, allowed_hosts: frozenset[str]) -> str | None:
    """What is wrong with an endpoint's address; `allowed_hosts` empty: any host."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return _NOT_AN_ADDRESS
    printable = all(0x21 <= ord(character) <= 0x7E for character in url)
    if parts.scheme not in ("http", "https") or not host or not printable:
        return _NOT_AN_ADDRESS
    if len(url) > MAX_URL_CHARS:
        return _NOT_AN_ADDRESS
    if parts.username is not None or parts.password is not None:
        return _HAS_PASSWORD
    if allowed_hosts:
        return None if host in allowed_hosts else _NOT_LISTED
    return _NOT_REACHABLE if host == "localhost" or not may_reach(host) else None


def may_reach(host: str) -> bool:
    """False for an address literal of this machine or of no single other machine; a name passes,
    what it resolves to is checked when it is connected to."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not (
        mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified or mapped.is_multicast
    )
