"""How much of a folder it would free to clear it."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from optimizer.ports import FileKey
from optimizer.storage.clean.weigh import Weight

#: Inodes: how many names each has, and of those that are in the folder, which ones go
INODES = st.lists(
    st.integers(1, 4).flatmap(lambda links: st.tuples(st.just(links), st.lists(st.booleans(), max_size=links))),
    max_size=8,
)


@given(INODES, st.randoms())
def test_an_inode_weighs_once_and_only_if_all_its_names_are_here(
    inodes: list[tuple[int, list[bool]]], order: Random
) -> None:
    """And it is claimed only if all of them go; in whatever order its names are met."""
    names = [(inode, links, goes) for inode, (links, here) in enumerate(inodes) for goes in here]
    order.shuffle(names)
    weight = Weight()
    for inode, links, goes in names:
        weight.add(FileKey(1, inode), allocated=4096, links=links, goes=goes)
    whole = [here for links, here in inodes if len(here) == links]
    assert weight.bytes == 4096 * len(whole)
    assert weight.claimed_bytes == 4096 * sum(map(all, whole))
