"""From what on it is worth to compress a file. Pure."""

#: Per cent of a file's space. Whoever wants to read it has to decompress it first: for less, that is a bad bargain
LEAST_PERCENT = 5


def least_saving(allocated: int, block: int) -> int:
    """Bytes that must become free, for a file that takes `allocated` on a filesystem with such blocks.

    Space is given out in blocks: what saves none saves nothing.
    """
    return max(block, allocated * LEAST_PERCENT // 100)
