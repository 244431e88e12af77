"""The roots that a job changes, open and locked against every other changing job; the others only open, if they can be.

A root that is broken, or that a stranger has spoilt, must not keep a job from changing another one.
"""

import os
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from optimizer.errors import HroError
from optimizer.host.files import ScanRoots
from optimizer.host.quarantine import (
    Quarantine,
    QuarantineUnsafeError,
    QuarantineUnusableError,
    RootBusyError,
    locked,
)

#: How often a root that another job changes is tried, in seconds
_BETWEEN_TRIES = 0.2


@dataclass(slots=True)
class HeldRoots:
    """By the root's name, as it was configured."""

    descriptors: dict[bytes, int] = field(default_factory=dict)
    quarantines: dict[bytes, Quarantine] = field(default_factory=dict)  #: of those that are locked


@contextmanager
def held_roots(
    roots: ScanRoots, needed: Collection[bytes], useful: Collection[bytes], patience_seconds: float
) -> Iterator[HeldRoots]:
    """`needed` roots are locked; `useful` ones too, where nothing stands against it.

    Raises RootBusyError where another job holds a needed one for longer than `patience_seconds`. Where no needed one
    can be had at all: PathNotFoundError, QuarantineUnsafeError, QuarantineUnusableError or OSError, of the first.
    """
    held, broken = HeldRoots(), list[HroError | OSError]()
    with ExitStack() as stack:
        for root in roots.distinct():
            try:
                held.descriptors[root] = roots.open(root)
                stack.callback(os.close, held.descriptors[root])
                if root in needed:
                    held.quarantines[root] = _lock(stack, held.descriptors[root], root, patience_seconds)
            except RootBusyError:
                raise
            except (HroError, OSError) as error:
                if root in needed:
                    broken.append(error)
        if broken and not held.quarantines:
            raise broken[0]
        for root in held.descriptors.keys() & useful - held.quarantines.keys():
            with suppress(RootBusyError, QuarantineUnsafeError, QuarantineUnusableError):
                held.quarantines[root] = _lock(stack, held.descriptors[root], root, 0)
        yield held


def _lock(stack: ExitStack, descriptor: int, root: bytes, patience_seconds: float) -> Quarantine:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return stack.enter_context(locked(descriptor, root))
        except RootBusyError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_BETWEEN_TRIES)
