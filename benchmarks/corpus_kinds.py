"""The corpora."""

import math
import posixpath
import random

from benchmarks.corpus_plan import Content, Plan

KIB, MIB = 1 << 10, 1 << 20


def _make_dirs(rng: random.Random, count: int, depth: int) -> list[bytes]:
    """`count` directory paths: a random tree, no deeper than `depth`."""
    dirs = [b""]
    levels = [0]
    while len(dirs) <= count:
        parent = rng.randrange(max(0, len(dirs) - 400), len(dirs))
        if levels[parent] < depth:
            dirs.append(posixpath.join(dirs[parent], b"d%04d" % len(dirs)))
            levels.append(levels[parent] + 1)
        else:
            dirs.append(b"d%04d" % len(dirs))
            levels.append(1)
    return dirs


EXTENSIONS = [b".log", b".txt", b".py", b".json", b".csv", b".jpg", b".o", b".gz", b".tmp", b""]
ODD_NAMES = [
    b"line\nbreak.txt", b"latin1-\xe9\xff.txt", b"-rf", b" lead and trail ", b"quote'\".txt",
    b"tab\there", b"back\\slash", b"star*?[x]", b"\xe2\x80\xaertl.txt", b"x" * 250, b"$(id)", b"~",
]  # fmt: skip


def many_small(seed: int, scale: float) -> Plan:
    """200,000 names of 0-16 KiB in ~5,000 directories, 30% of them duplicates."""
    rng = random.Random(f"many-small:{seed}")
    plan = Plan("many-small", seed, scale)
    total = max(400, round(200_000 * scale))
    dirs = _make_dirs(rng, max(10, total // 40), depth=8)
    made: list[bytes] = []
    stream = 0

    def fresh(tag: bytes) -> bytes:
        ext = rng.choice(EXTENSIONS)
        return posixpath.join(rng.choice(dirs), b"%s%06d%s" % (tag, len(plan.files), ext))

    for number in range(total):
        draw = rng.random()
        if draw < 0.02:  # empty
            plan.files[fresh(b"e")] = Content(0, 0)
        elif draw < 0.04 and made:
            plan.hardlinks[fresh(b"h%06d-" % number)] = rng.choice(made)
        elif draw < 0.05 and made:
            target = rng.choice(made)
            name = fresh(b"s%06d-" % number)
            up = b"../" * name.count(b"/")
            plan.symlinks[name] = up + target if rng.random() < 0.9 else b"nowhere/%d" % number
        elif draw < 0.35 and made:  # a copy of a random earlier file
            path = fresh(b"c")
            plan.files[path] = plan.files[rng.choice(made)]
            made.append(path)
        else:
            stream += 1
            size = min(16 * KIB, max(16, round(math.exp(rng.gauss(math.log(3 * KIB), 1.1)))))
            path = fresh(b"u")
            plan.files[path] = Content(stream, size)
            made.append(path)
    # Families that agree on 64 KiB and on size; some members are real copies.
    for _ in range(max(2, total // 1000)):
        size = 64 * KIB + rng.randrange(1, 64 * KIB)
        stream += 1
        for flip in (None, None, size - 1, rng.randrange(64 * KIB, size)):
            plan.files[fresh(b"p")] = Content(stream, size, flip, 64 * KIB)
    _add_odd_names(plan, stream)
    return plan


def _add_odd_names(plan: Plan, stream: int) -> None:
    """Each twice, so that a finder has to print it."""
    for number, name in enumerate(ODD_NAMES, start=stream + 1):
        content = Content(number, 5000 + len(name))
        plan.files[posixpath.join(b"odd", name)] = content
        plan.files[posixpath.join(b"odd", b"again", name)] = content


def mixed(seed: int, scale: float) -> Plan:
    """20,000 files of log-normal size, ~2.5 GB, a quarter of the bytes redundant."""
    rng = random.Random(f"mixed:{seed}")
    plan = Plan("mixed", seed, scale)
    count = max(100, round(20_000 * scale))
    dirs = _make_dirs(rng, max(5, count // 25), depth=6)
    unique: list[Content] = []
    total = redundant = 0
    while len(plan.files) < count:
        path = posixpath.join(rng.choice(dirs), b"f%05d%s" % (len(plan.files), rng.choice(EXTENSIONS)))
        if unique and redundant < 0.25 * total:
            content = rng.choice(unique)
            redundant += content.size
        else:
            size = min(64 * MIB, max(16, round(math.exp(rng.gauss(math.log(20 * KIB), 2.0)))))
            content = Content(len(unique) + 1, size)
            if unique and rng.random() < 0.05:  # a near miss: another's size, last byte or all
                other = rng.choice(unique)
                flip = rng.choice([None, other.size - 1, other.size // 2])
                number = other.stream if flip is not None else content.stream
                content = Content(number, other.size, flip)
            unique.append(content)
        total += content.size
        plan.files[path] = content
    return plan


def few_large(seed: int, scale: float) -> Plan:
    """44 files of 64-256 MB, ~4 GB; near misses differ in the last or a middle byte."""
    rng = random.Random(f"few-large:{seed}")
    plan = Plan("few-large", seed, scale)
    stream = 0

    def size() -> int:
        return max(4096, round((64 + 192 * rng.random() ** 4) * 1_000_000 * scale))

    def add(content: Content) -> None:
        number = len(plan.files)
        plan.files[b"vm%d/disk%02d.img" % (number % 5, number)] = content

    for copies in (2, 2, 2, 2, 3, 3):  # real duplicates: 14 files, 8 redundant
        stream += 1
        content = Content(stream, size())
        for _ in range(copies):
            add(content)
    for where in (-1, -1, -1, 0.5, 0.5, 0):  # pairs that differ in one byte: 12 files
        stream += 1
        length = size()
        add(Content(stream, length))
        add(Content(stream, length, length - 1 if where == -1 else int(length * where)))
    for _ in range(4):  # pairs of one size and unlike from the start: 8 files
        length = size()
        for _ in range(2):
            stream += 1
            add(Content(stream, length))
    for _ in range(10):  # nothing else has their size
        stream += 1
        add(Content(stream, size()))
    return plan


def million(seed: int, scale: float) -> Plan:
    """10,000 folders of 100 files, each of 16 to 400 bytes, 30% of them duplicates."""
    rng = random.Random(f"million:{seed}")
    plan = Plan("million", seed, scale)
    made: list[Content] = []
    for number in range(100 * max(1, round(10_000 * scale))):
        is_copy = made and rng.random() < 0.3
        content = rng.choice(made) if is_copy else Content(number, rng.randint(16, 400))
        made.append(content)
        plan.files[b"d%02d/d%02d/f%02d" % (number // 10_000, number // 100 % 100, number % 100)] = content
    return plan
