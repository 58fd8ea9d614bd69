"""Which addresses clients are told, and which of this machine stand behind them."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Announced:
    """An address that clients are told, and the one behind it that this machine owns."""

    host: str
    bound: str

    @classmethod
    def parse(cls, text: str) -> "Announced":
        """ "ADDRESS", or "ANNOUNCED=BOUND" behind a router that translates one to the other.

        Raises:
            ValueError: not an IP address, or two of different families.
        """
        host, _, bound = (part.strip() for part in text.partition("="))
        announced = _ip(host)
        own = _ip(bound) if bound else announced
        if announced.version != own.version:
            raise ValueError(f"{host} and {bound} are of different families")
        return cls(str(announced), str(own))


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"{text} is not an IP address") from None
