"""How bench runs tell what they measured."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np


def shown(value: float | None, unit: str, digits: int = 1) -> str:
    return "unknown" if value is None else f"{value:,.{digits}f} {unit}"


def table(rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"  {name:<32}{value}" for name, value in rows)


def tell(text: str, result: Any, file: Path | None) -> None:
    """Print it, with the dataclass as JSON behind it or in a file."""
    print(text)
    document = msgspec.json.encode(asdict(result))
    if file is not None:
        file.write_bytes(msgspec.json.format(document))
    else:
        print(document.decode())


def percentiles(
    values: Sequence[float], which: tuple[int, int]
) -> tuple[float, float] | tuple[None, None]:
    if not values:
        return None, None
    low, high = (float(value) for value in np.percentile(np.asarray(values), which))
    return low, high
