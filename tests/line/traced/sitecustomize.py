"""First on the path of a service under test: its workers write every estimator's trace.

One file a peer in the folder `LINE_TRACES`, named by the peer's seat; times are this
machine's monotonic clock.
"""

import os
import sys
from pathlib import Path
from typing import Any


def _trace(folder: Path) -> None:
    from media.bwe.estimator import TRACE_HEADER
    from media.forward.downlink import Downlink

    made = Downlink.__init__

    def traced(self: Downlink, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        if self.estimator is None:
            return
        file = (folder / f"{self.peer.id.replace(':', '-')}.csv").open("a", buffering=1)
        file.write(TRACE_HEADER + "\n")
        self.estimator.trace = lambda line: file.write(line + "\n") and None

    Downlink.__init__ = traced  # type: ignore[method-assign]


if "LINE_TRACES" in os.environ and "media.worker" in sys.orig_argv:
    _trace(Path(os.environ["LINE_TRACES"]))
