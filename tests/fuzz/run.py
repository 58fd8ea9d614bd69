"""Coverage-guided fuzzing of every reader of foreign bytes: `python tests/fuzz/run.py --seconds N`.

Needs atheris (`pip install atheris`), which is no dependency of the project. Each target of
`targets.py` runs for N seconds in a process of its own; at the end a table of executions and
crashes. Inputs that found new code are kept under `--corpus` and used again the next time; inputs
that crash under `--crashes`, to be made a regression test.
"""

import argparse
import importlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

_EXECUTIONS = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")
_FUZZED = ("media", "signaling.messages", "aioice.stun")  # instrumented for coverage


def fuzz_one(name: str, arguments: list[str]) -> None:
    """In the child: never returns."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(_FUZZED)):
        targets = importlib.import_module("tests.fuzz.targets")
    run = targets.TARGETS[name].run
    atheris.Setup([sys.argv[0], *arguments], lambda data: run(bytes(data)))
    atheris.Fuzz()


def run_target(name: str, seconds: int, corpus: Path, crashes: Path) -> tuple[int, int]:
    """Executions and crashes of one target."""
    from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    folder = corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    found = crashes / name
    found.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(target.seeds()):
        (folder / f"seed{index}").write_bytes(seed)
    before = set(found.iterdir())
    command = [sys.executable, __file__, "--child", name]
    limits = (f"-max_total_time={seconds}", f"-max_len={target.max_bytes}", "-timeout=10")
    process = subprocess.run(
        [*command, *limits, "-print_final_stats=1", f"-artifact_prefix={found}/", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        check=False,
    )
    executions = sum(int(n) for n in _EXECUTIONS.findall(process.stdout))
    crashed = len(set(found.iterdir()) - before)
    if process.returncode:
        (found / "last-output.txt").write_bytes(process.stdout[-20000:])
        crashed = max(crashed, 1)
    return executions, crashed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", help="only these")
    parser.add_argument("--corpus", type=Path, default=Path("/tmp/diemcau-fuzz/corpus"))
    parser.add_argument("--crashes", type=Path, default=Path("/tmp/diemcau-fuzz/crashes"))
    options = parser.parse_args()
    from tests.fuzz.targets import TARGETS

    os.nice(10)
    print(f"{'target':<12}{'seconds':>8}{'executions':>12}{'crashes':>9}", flush=True)
    total = failures = 0
    begun = time.monotonic()
    for name in options.target or TARGETS:
        started = time.monotonic()
        executions, crashed = run_target(name, options.seconds, options.corpus, options.crashes)
        total += executions
        failures += crashed
        print(
            f"{name:<12}{time.monotonic() - started:>8.0f}{executions:>12,}{crashed:>9}", flush=True
        )
    print(f"{'all':<12}{time.monotonic() - begun:>8.0f}{total:>12,}{failures:>9}")
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        fuzz_one(sys.argv[2], sys.argv[3:])
    sys.exit(main())
