"""What a process can do, as the kernel says it of the process."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from optimizer.host import capabilities
from tests.fakes import proc


def test_dockers_default_set_is_named() -> None:
    """The mask that a container has by default, and its 14 capabilities."""
    assert capabilities.capability_names(0xA80425FB) == [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FOWNER",
        "CAP_FSETID",
        "CAP_KILL",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE",
        "CAP_NET_RAW",
        "CAP_SYS_CHROOT",
        "CAP_MKNOD",
        "CAP_AUDIT_WRITE",
        "CAP_SETFCAP",
    ]


def test_the_table_ends_where_the_kernels_does() -> None:
    """Bit 40 is CAP_CHECKPOINT_RESTORE; a later one is shown by its number."""
    assert capabilities.capability_names(1 << 40 | 1 << 41) == ["CAP_CHECKPOINT_RESTORE", "CAP_41"]


@given(st.integers(0, 2**64 - 1))
def test_each_bit_has_one_name(mask: int) -> None:
    """No name stands for two bits, so that none is claimed that is not there."""
    assert len(set(capabilities.capability_names(mask))) == mask.bit_count()


@given(st.binary())
def test_no_text_breaks_the_parser(text: bytes) -> None:
    """A name in the text may hold anything."""
    assert "" not in capabilities.parse_status(b"Name:\tx\n" + text).get("Name", "x").split("\n")


def test_the_effective_user_and_the_filters_are_read() -> None:
    """The second of the four user ids is the one that permissions are checked with."""
    found = capabilities.privileges(capabilities.parse_status(proc.STATUS.encode()))
    assert found["effective_uid"] == 1001
    assert found["no_new_privs"] is True
    assert found["seccomp"] == "filter"
    assert len(found["capabilities"]) == 14


def test_what_the_kernel_does_not_tell_is_unknown() -> None:
    """An old kernel has no NoNewPrivs; that is not the same as false."""
    assert capabilities.privileges({}) == {
        "effective_uid": None,
        "capabilities": [],
        "no_new_privs": None,
        "seccomp": None,
    }


def test_it_is_all_json(tmp_path: Path) -> None:
    """A heartbeat can carry it; a host with swap and pressure figures says so."""
    found = json.loads(json.dumps(capabilities.read(proc.make_proc(tmp_path))))
    assert (found["swap"], found["pressure"], found["cgroup_version"]) == (True, True, "none")
    assert isinstance(found["openat2"], bool)
