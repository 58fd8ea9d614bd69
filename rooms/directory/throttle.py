"""When sign-in is refused before the password is even looked at. Pure."""

from datetime import timedelta
from typing import ClassVar

import msgspec

MAX_FAILURES_OF_USERNAME = 8
MAX_FAILURES_OF_ADDRESS = 60  # a whole office sits behind one address


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """Failed sign-ins of the last `WINDOW`."""

    WINDOW: ClassVar[timedelta] = timedelta(minutes=15)

    of_username: int
    of_address: int


def throttled(failures: Failures) -> bool:
    return (
        failures.of_username >= MAX_FAILURES_OF_USERNAME
        or failures.of_address >= MAX_FAILURES_OF_ADDRESS
    )
