"""A cut line: the kernel drops everything to and from some ports of this machine."""

import contextlib
import subprocess
from collections.abc import Iterator

TABLE = "diemcau_test_cut"


@contextlib.contextmanager
def cut(tcp_port: int, udp_port: int) -> Iterator[None]:
    """Drop every packet of these two ports until the end of the block. Needs root."""
    with filtered(*port_rules("tcp", tcp_port), *port_rules("udp", udp_port)):
        yield


def port_rules(protocol: str, port: int, chance: float = 1.0) -> tuple[str, str]:
    """Drop packets to and from a port, or that fraction of them."""
    some = f"numgen random mod 1000 < {round(chance * 1000)} " if chance < 1 else ""
    return f"{protocol} dport {port} {some}drop", f"{protocol} sport {port} {some}drop"


@contextlib.contextmanager
def filtered(*rules: str, table: str = TABLE) -> Iterator[None]:
    """Filter what this machine receives until the end of the block. Needs root.

    Args:
        rules: of nft, first match wins.
    """
    chain = "type filter hook input priority 0;\n" + "\n".join(rules)
    text = f"table inet {table} {{ chain input {{ {chain}\n }}\n }}\n"
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True, timeout=10)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "inet", table], check=True, timeout=10)
