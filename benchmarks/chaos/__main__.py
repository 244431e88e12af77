"""Kills every part of the service while it works, and accounts for each job, effect and event.

    python -m benchmarks.chaos [--seconds 600] [--seed 1] [--jobs 5000] [--out FILE] [--prove-accounting]

Ends with 1 where something was lost, done twice or halfway, or where nothing had to be repaired.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chaos import experiment, proof, report
from benchmarks.machine import facts


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left mounted
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        return proof.main(folder) if options.prove_accounting else _run(options, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def _run(options: argparse.Namespace, folder: Path) -> int:
    run = experiment.run(folder, seed=options.seed, seconds=options.seconds, jobs=options.jobs)
    print(*report.text(run), sep="\n")
    if options.keep:
        print(f"Logs and state: {folder}")
    if options.out:
        told = {"seed": options.seed, **report.to_json(run), "machine": facts(folder, ["redis-server"])}
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(told, indent=1))
        print(f"All figures: {options.out}")
    return 0 if run.is_right else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600, help="for which faults fall")
    parser.add_argument("--seed", type=int, default=1, help="of the faults and of what clients do")
    parser.add_argument("--jobs", type=int, default=5000, help="to be accepted in that time")
    parser.add_argument("--out", type=Path, help="where to write all figures as JSON")
    parser.add_argument("--keep", action="store_true", help="keep logs and state")
    parser.add_argument("--prove-accounting", action="store_true", help="show that what is lost or doubled is found")
    return parser


if __name__ == "__main__":
    sys.exit(main())
