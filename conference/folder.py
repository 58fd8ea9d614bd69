"""The data folder."""

import os
import tempfile
from pathlib import Path

from conference.config import ConfigError


def prepare_folder(folder: Path) -> None:
    """Make the data folder, readable by the service's user alone, and see that it can be written.

    Raises:
        ConfigError: in one line, with the reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, probe = tempfile.mkstemp(dir=folder, prefix=".probe-")
        os.close(descriptor)
        Path(probe).unlink()
    except OSError as error:
        raise ConfigError(f"data folder {folder}: {error.strerror}") from None
