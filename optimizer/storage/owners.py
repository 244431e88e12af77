"""Who owns the space."""

import pwd
from collections.abc import Mapping, Sequence

from optimizer.storage.facts import JsonRow


def owners_json(by_owner: Mapping[int, Sequence[int]]) -> list[JsonRow]:
    """`uid`, `name` (None where this host knows none), `files`, `size_bytes`, `allocated_bytes`; the largest first."""
    ranked = sorted(by_owner.items(), key=lambda item: (-item[1][2], item[0]))
    return [
        {"uid": uid, "name": _name(uid), "files": files, "size_bytes": size, "allocated_bytes": allocated}
        for uid, (files, size, allocated) in ranked
    ]


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
