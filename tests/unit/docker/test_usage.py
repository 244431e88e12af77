"""What can be reclaimed from Docker, as `docker system df` counts it."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from optimizer.docker.usage import Usage, disk_usage
from tests.fakes.docker_engine import COUNTED, GIB, LEGACY, MIB


def row(count: int, active: int, total: int, free: int, at_most: int | None = None, unknown: int = 0) -> Usage:
    return Usage(
        count=count,
        active_count=active,
        total_bytes=total,
        reclaimable_bytes=free,
        reclaimable_at_most_bytes=free if at_most is None else at_most,
        unknown_size_count=unknown,
    )


def test_images_share_layers() -> None:
    """Only what unused images have for themselves is sure to go: 50 and 350 MiB, and none of the shared base."""
    assert disk_usage(LEGACY).images == row(4, 1, 700 * MIB, 400 * MIB, at_most=500 * MIB, unknown=1)


def test_stopped_containers_are_reclaimable() -> None:
    """Their writable layer is; a field that the engine left out is zero."""
    assert disk_usage(LEGACY).containers == row(3, 1, 8 * MIB, 3 * MIB)


def test_volumes_without_a_known_size_are_in_no_sum() -> None:
    """They are counted, and their number is told."""
    assert disk_usage(LEGACY).volumes == row(4, 1, 3 * GIB, 1 * GIB, unknown=2)


def test_shared_build_cache_is_counted_where_it_belongs() -> None:
    """The bytes of a shared record are another's; those in use are not reclaimable."""
    assert disk_usage(LEGACY).build_cache == row(3, 1, 100 * MIB, 60 * MIB)


def test_what_the_engine_counted_is_taken() -> None:
    """From API 1.52 on; its older lists may stand beside it."""
    usage = disk_usage(LEGACY | COUNTED)
    assert usage.images == row(4, 1, 700 * MIB, 420 * MIB)
    assert usage.volumes == row(0, 0, 0, 0)
    assert usage.build_cache == row(3, 0, 100 * MIB, 60 * MIB)


def test_an_engine_that_holds_nothing_uses_nothing() -> None:
    """Its lists are null or left out."""
    found = disk_usage({"Images": None, "Containers": [], "LayersSize": 0}).to_json()
    assert (found["total_bytes"], found["reclaimable_bytes"]) == (0, 0)


def test_what_is_not_known_to_be_free_is_not_reclaimable() -> None:
    """-1 containers or references means that nobody counted them."""
    image = {"Size": 10, "SharedSize": 0, "Containers": -1}
    volume = {"UsageData": {"Size": 10, "RefCount": -1}}
    usage = disk_usage({"LayersSize": 10, "Images": [image], "Volumes": [volume]})
    assert usage.images == row(1, 0, 10, 0)
    assert usage.volumes == row(1, 0, 10, 0)


@dataclass(frozen=True)
class Image:
    layers: frozenset[int]
    used: bool


@given(
    sizes=st.lists(st.integers(0, 1000), min_size=6, max_size=6),
    images=st.lists(st.builds(Image, st.frozensets(st.integers(0, 5), min_size=1), st.booleans()), max_size=6),
)
def test_what_removal_frees_is_between_the_two_figures(sizes: list[int], images: list[Image]) -> None:
    """For any images of any layers: never less than `reclaimable`, never more than `at most`."""

    def size(layers: frozenset[int]) -> int:
        return sum(sizes[layer] for layer in layers)

    def shared(image: Image) -> frozenset[int]:
        others = [other.layers for other in images if other is not image]
        return image.layers & frozenset().union(*others)

    everything = frozenset[int]().union(*(image.layers for image in images))
    kept = frozenset[int]().union(*(image.layers for image in images if image.used))
    answer = {
        "LayersSize": size(everything),
        "Images": [
            {"Size": size(image.layers), "SharedSize": size(shared(image)), "Containers": int(image.used)}
            for image in images
        ],
    }
    usage = disk_usage(answer).images
    assert usage.reclaimable_bytes <= size(everything - kept) <= usage.reclaimable_at_most_bytes
