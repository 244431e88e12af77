"""The usage of trees as JSON: the fields that clients of /analyze/storage have always read, and ours."""

from collections.abc import Iterable, Mapping

from optimizer.storage.classes import AGE_CLASSES, SIZE_CLASSES, megabytes
from optimizer.storage.facts import JsonRow, extension_label, file_json, large_file_json
from optimizer.storage.owners import owners_json
from optimizer.storage.usage import Usage

#: A tree may have a new extension for every file; beyond this many the smallest are left out.
_EXTENSIONS = 1000


def usage_json(usage: Usage) -> JsonRow:
    """Everything that one pass found.

    `total_files` counts names, as `find -type f` does. `total_size_bytes` counts the bytes of each inode once, and
    `allocated_bytes` its blocks on disk; `disk_usage_bytes` adds folders, links and the like and is what
    `du -s --block-size=1` prints. Sizes end in `_bytes`, or in `_mb` for MiB; distributions count names.
    """
    extensions = _extensions(usage)
    return {
        "total_files": usage.files,
        "total_size_bytes": usage.size,
        "total_size_mb": megabytes(usage.size),
        "total_size": usage.size,
        "allocated_bytes": usage.allocated,
        "directory_bytes": usage.folder_bytes,
        "disk_usage_bytes": usage.disk_usage,
        "files_scanned": usage.files,
        "directories_scanned": usage.folders,
        "unique_files": usage.files - usage.hard_links,
        "hard_links": usage.hard_links,
        "empty_files": usage.empty_files,
        "symlinks": usage.symlinks,
        "other": usage.other,
        "extension_breakdown": _largest_extensions(extensions),
        "extension_count": len(extensions),
        "size_distribution": _classes(SIZE_CLASSES, usage.by_size),
        "size_distribution_bytes": _classes(SIZE_CLASSES, usage.by_size_bytes),
        "age_distribution": _classes(AGE_CLASSES, usage.by_age),
        "age_distribution_bytes": _classes(AGE_CLASSES, usage.by_age_bytes),
        "largest_files": [file_json(facts) for facts in usage.largest_files],
        "largest_directories": [totals.to_json() for totals in usage.sums.largest],
        "by_directory": [totals.to_json() for totals in usage.sums.children],
        "by_owner": owners_json(usage.by_owner),
        **usage.log.to_json(),
    }


def large_files_json(usage: Usage) -> JsonRow:
    """The fields of /analyze/storage/large-files; each inode counts once, the 50 largest are listed."""
    large = [facts for facts in usage.largest_files if facts.size >= usage.large_from]
    return {
        "large_files_count": usage.large_count,
        "total_size_mb": megabytes(usage.large_size),
        "total_size_bytes": usage.large_size,
        "large_files": [large_file_json(facts, usage.now) for facts in large],
        "files_scanned": usage.files,
        "directories_scanned": usage.folders,
        **usage.log.to_json(),
    }


def top_extensions(usage: Usage, count: int = 5) -> list[JsonRow]:
    """The extensions with the most bytes: `extension`, `count`, `total_size`."""
    return [{"extension": label, **sums} for label, sums in _ranked(_extensions(usage))[:count]]


Extensions = dict[str, dict[str, int]]


def _extensions(usage: Usage) -> Extensions:
    """By label: spellings such as .JPG and .jpg are one extension."""
    merged: Extensions = {}
    for extension, (count, size, allocated) in usage.by_extension.items():
        sums = merged.setdefault(extension_label(extension), {"count": 0, "total_size": 0, "allocated_bytes": 0})
        sums["count"] += count
        sums["total_size"] += size
        sums["allocated_bytes"] += allocated
    return merged


def _ranked(extensions: Extensions) -> list[tuple[str, dict[str, int]]]:
    return sorted(extensions.items(), key=lambda item: (-item[1]["total_size"], item[0]))


def _largest_extensions(extensions: Extensions) -> Mapping[str, dict[str, int]]:
    return dict(_ranked(extensions)[:_EXTENSIONS])


def _classes(names: Iterable[str], counts: Iterable[int]) -> dict[str, int]:
    return dict(zip(names, counts, strict=True))
