"""A cut line: the kernel drops everything to and from some ports of this machine."""

import contextlib
import subprocess
from collections.abc import Iterator

TABLE = "diemcau_test_cut"


@contextlib.contextmanager
def cut(tcp_port: int, udp_port: int) -> Iterator[None]:
    """Drop every packet of these two ports until the end of the block. Needs root."""
    rules = f"""
    table inet {TABLE} {{
        chain input {{
            type filter hook input priority 0;
            tcp dport {tcp_port} drop
            tcp sport {tcp_port} drop
            udp dport {udp_port} drop
            udp sport {udp_port} drop
        }}
    }}
    """
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True, timeout=10)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "inet", TABLE], check=True, timeout=10)
