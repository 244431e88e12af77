"""The accounts of this host that are people's, and root's."""

import pwd
from collections.abc import Iterator
from dataclasses import dataclass

#: User ids of people, as login.defs(5) of most systems has them, and that of nobody
_FIRST_PERSON, _NOBODY = 1000, 65_534


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    name: str
    uid: int
    gid: int
    home: str


def people() -> Iterator[Account]:
    """Root and all whose user id is a person's."""
    return (_account(user) for user in pwd.getpwall() if user.pw_uid == 0 or _FIRST_PERSON <= user.pw_uid < _NOBODY)


def account_of(uid: int) -> Account | None:
    """None where this host knows no such user."""
    try:
        return _account(pwd.getpwuid(uid))
    except KeyError:
        return None


def _account(user: pwd.struct_passwd) -> Account:
    return Account(name=user.pw_name, uid=user.pw_uid, gid=user.pw_gid, home=user.pw_dir)
