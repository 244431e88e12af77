"""Who else reclaims space on this host; two that do it work against each other."""

from pathlib import Path

from optimizer.host.procfs import PROC


def kubelet(proc_root: Path = PROC) -> str | None:
    """The kubelet has watermarks of its own for images and logs, and evicts by what it sees free."""
    for path in proc_root.glob("[0-9]*/comm"):
        try:
            if path.read_text(encoding="utf-8", errors="replace").strip() == "kubelet":
                return f"kubelet (process {path.parent.name})"
        except OSError:  # it has ended since
            continue
    return None
