"""What this process can do on its host: what a worker says of itself when it starts."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optimizer.host import cgroup, memory, mountinfo, pressure
from optimizer.host.openat2 import RESOLVE_BENEATH, openat2
from optimizer.host.procfs import PROC
from optimizer.values import JsonObject

#: Bit by bit, from include/uapi/linux/capability.h of Linux 6.18.
_BITS = """
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""
CAPABILITIES = tuple(f"CAP_{name}" for name in _BITS.split())
#: From include/uapi/linux/seccomp.h.
_SECCOMP_MODES = {"0": "disabled", "1": "strict", "2": "filter"}


def parse_status(text: bytes) -> Mapping[str, str]:
    """The `Name: value` lines of /proc/PID/status, as they stand there."""
    lines = text.decode("ascii", "backslashreplace").split("\n")
    return {name: value.strip() for name, separator, value in (line.partition(":") for line in lines) if separator}


def capability_names(mask: int) -> list[str]:
    """The capabilities in a mask such as CapEff; one newer than this table is shown by its number."""
    bits = (bit for bit in range(mask.bit_length()) if mask >> bit & 1)
    return [CAPABILITIES[bit] if bit < len(CAPABILITIES) else f"CAP_{bit}" for bit in bits]


def privileges(status: Mapping[str, str]) -> dict[str, Any]:
    """Whose rights the process has, and what holds them down; null for what the kernel does not tell."""
    uids, mask = status.get("Uid", "").split(), status.get("CapEff")
    no_new = status.get("NoNewPrivs")
    return {
        "effective_uid": int(uids[1]) if len(uids) > 1 else None,
        "capabilities": capability_names(int(mask, 16)) if mask else [],
        "no_new_privs": None if no_new is None else no_new != "0",
        "seccomp": _SECCOMP_MODES.get(status.get("Seccomp", "")),
    }


def read(proc_root: Path = PROC) -> JsonObject:
    """JSON-able. Raises OSError where there is no /proc."""
    return {
        **privileges(parse_status((proc_root / "self" / "status").read_bytes())),
        "kernel_release": os.uname().release,
        "cgroup_version": cgroup.version(mountinfo.read(proc_root)),
        "pressure": bool(pressure.read("memory", proc_root)["available"]),
        "swap": memory.read(proc_root).swap_total_bytes > 0,
        "openat2": has_openat2(),
    }


def has_openat2() -> bool:
    """Whether openat2 works here: kernels before 5.6 lack it, and a seccomp filter may refuse it."""
    root = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        os.close(openat2(root, b".", os.O_PATH | os.O_DIRECTORY, RESOLVE_BENEATH))
    except OSError:
        return False
    finally:
        os.close(root)
    return True
