"""What is kept of a folder comes back as it was."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.hashing.kept import DIGEST_SIZES, ROW_SIZE, merged, pack_digests, pack_row, unpack_digests
from optimizer.storage.engine.record import HEAD_SIZE, REST, pack_head

unsigned, signed = st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1)
rows = st.builds(pack_row, unsigned, unsigned, unsigned, signed, signed)
#: Few files, so that some meet in another state.
few = st.builds(pack_row, st.just(1), st.integers(0, 3), st.integers(0, 2), st.just(5), st.just(6))


@given(st.sampled_from(sorted(DIGEST_SIZES)), st.data())
def test_digests_come_back(algorithm: str, data: st.DataObject) -> None:
    """Of files in any state, before 1970 too."""
    size = DIGEST_SIZES[algorithm]
    digests = data.draw(st.dictionaries(rows, st.binary(min_size=size, max_size=size), max_size=5))
    assert unpack_digests(algorithm, pack_digests(digests)) == digests


@given(st.binary(max_size=500))
def test_what_nobody_packed_is_nothing(packed: bytes) -> None:
    """Where its size cannot be right."""
    found = unpack_digests("sha256", packed)
    assert len(found) <= len(packed) // 72
    assert not len(packed) % 72 or not found


@given(st.dictionaries(few, st.binary(min_size=1)), st.dictionaries(few, st.binary(min_size=1)))
def test_of_a_file_the_new_states_hold(old: dict[bytes, bytes], new: dict[bytes, bytes]) -> None:
    """Of files that are not among the new ones, the old ones."""
    found = merged(old, new)
    files = {row[:16] for row in new}
    assert {row: digest for row, digest in found.items() if row[:16] in files} == new
    assert {row for row in found if row[:16] not in files} == {row for row in old if row[:16] not in files}


@given(st.binary(min_size=32, max_size=32), unsigned, unsigned, unsigned, signed, signed, signed)
def test_a_record_of_the_search_has_the_same_row(
    key: bytes, device: int, inode: int, size: int, mtime: int, ctime: int, atime: int
) -> None:
    """So it is made of what the cache has, and need not be packed again."""
    row = pack_row(device, inode, size, mtime, ctime)
    assert len(row) == ROW_SIZE
    record = key + row + REST.pack(atime, 1, 2, 3, 4)
    assert record == pack_head(key, device, inode, size, mtime, ctime, atime, 1, 2, 3, 4)
    assert len(record) == HEAD_SIZE
