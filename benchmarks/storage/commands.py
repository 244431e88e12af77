"""What is measured: the product's commands, and beside them the tools that people would use instead."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Command:
    """One way to get the answer; the tree's path is its last argument."""

    name: str  #: in tables and goals.toml
    argv: tuple[str, ...]
    switch: str = ""  #: an option of ours that this version may not have yet
    fills_first: bool = False  #: once, not timed, before the rounds
    digests: bool = True  #: each group has its SHA-256

    @property
    def program(self) -> str:
        return self.argv[0]


def _ours(name: str, *argv: str, switch: str = "", fills_first: bool = False, digests: bool = True) -> Command:
    options = (switch,) if switch else ()
    return Command(name, ("hro", *argv, "--json", *options), switch, fills_first, digests)


DUPES = _ours("hro dupes", "dupes")
DUPES_BYTES = _ours("hro dupes --no-digest", "dupes", switch="--no-digest", digests=False)
#: Through the cache, on a tree that has not changed since the run that filled it.
DUPES_AGAIN = _ours("hro dupes, again", "dupes", switch="--cache", fills_first=True)
USAGE = _ours("hro usage", "usage")

JDUPES = Command("jdupes -rq", ("jdupes", "-rq"))
JDUPES_HASH = Command("jdupes -rqQ", ("jdupes", "-rqQ"))  # trusts its 64-bit hash, compares no bytes
FDUPES = Command("fdupes -rqn", ("fdupes", "-rqn"))
RDFIND = Command(
    "rdfind sha256", ("rdfind", "-dryrun", "true", "-checksum", "sha256", "-makeresultsfile", "false")
)  # fmt: skip
HARDLINK = Command("hardlink -c -n", ("hardlink", "-c", "-n"))
RMLINT = Command("rmlint -T df", ("rmlint", "-T", "df", "-o", "json:stdout"))
DU = Command("du -s", ("du", "-s"))
GDU = Command("gdu -n", ("gdu", "-n", "-p", "-s"))  # no progress, and the total alone
NCDU = Command("ncdu -o-", ("ncdu", "-0", "-o-"))


@dataclass(frozen=True, slots=True)
class Bench:
    """The commands that are measured side by side on one tree."""

    name: str
    corpus: str
    ours: Sequence[Command]  #: the first is the one that the others are told by
    peers: Sequence[Command] = field(default=())

    @property
    def commands(self) -> list[Command]:
        return [*self.ours, *self.peers]


_DUPES = (DUPES, DUPES_BYTES, DUPES_AGAIN)
_PEERS = (JDUPES, JDUPES_HASH, FDUPES, RDFIND, HARDLINK, RMLINT)

BENCHES = (
    Bench("many-small", "many-small", _DUPES, _PEERS),
    Bench("usage", "many-small", (USAGE,), (DU, GDU, NCDU)),
    Bench("mixed", "mixed", _DUPES, _PEERS),
    Bench("few-large", "few-large", _DUPES, _PEERS),
)
#: hardlink and rmlint are left out: on a fifth of this tree they took 10 s and 24 s, jdupes 2 s, and it grows.
MILLION = Bench("million", "million", (DUPES, DUPES_AGAIN), (JDUPES, JDUPES_HASH, FDUPES, RDFIND))
