"""Which IP addresses of this machine clients can be told."""

import ifaddr


def own_addresses(*, ipv6: bool = False) -> tuple[str, ...]:
    """IPv4 addresses of this machine, loopback first; then, if asked for, its IPv6 addresses.

    Loopback serves Chromium on the same machine; Firefox refuses loopback candidates and needs one
    of the others. Link-local addresses are left out: nobody can be sent there reliably.
    """
    found = [
        str(ip.ip)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if ip.is_IPv4 and not str(ip.ip).startswith("169.254.")
    ]
    loopback = [address for address in found if address.startswith("127.")]
    others = [address for address in found if address not in loopback]
    return tuple(dict.fromkeys([*loopback, *others, *(_own_ipv6() if ipv6 else ())]))


def _own_ipv6() -> list[str]:
    found = [
        ip.ip[0]
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if ip.is_IPv6 and not ip.ip[0].startswith("fe80:")
    ]
    return sorted(found, key="::1".__ne__)  # loopback first
