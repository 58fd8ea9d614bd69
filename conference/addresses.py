"""Which IP addresses of this machine clients can be told."""

import ifaddr


def own_addresses() -> tuple[str, ...]:
    """IPv4 addresses of this machine, loopback first.

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
    return tuple(dict.fromkeys([*loopback, *(a for a in found if a not in loopback)]))
