"""Where a sandbox refuses openat2, as older containers do, files are opened one part of the path after the other."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.trees import make

#: Tells the kernel to answer `refuse` to openat2 (system call 437) from now on, then opens what it was given.
#: Constants from linux/seccomp.h, linux/filter.h and linux/prctl.h.
PROGRAM = """
import ctypes, errno, os, struct, sys
from optimizer.host.beneath import READ, open_beneath
from optimizer.host.openat2 import openat2

root = os.open(sys.argv[1], os.O_PATH)
refuse = getattr(errno, sys.argv[2])
code = b"".join(struct.pack("<HBBI", *line) for line in (
    (0x20, 0, 0, 0),                      # load the number of the call
    (0x15, 0, 1, 437),                    # is it openat2?
    (0x06, 0, 0, 0x00050000 | refuse),    # then answer with the error
    (0x06, 0, 0, 0x7FFF0000),             # else let it pass
))
buffer = ctypes.create_string_buffer(code)
filters = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0, "no new privileges"
assert libc.prctl(22, 2, filters, 0, 0) == 0, os.strerror(ctypes.get_errno())
try:
    openat2(root, b"sub/file", READ, 0)
except OSError as error:
    assert error.errno == refuse
else:
    raise AssertionError("the sandbox does not work")
print(os.read(open_beneath(root, b"sub/file", READ), 100))
for path in (b"link", b"../outside"):
    try:
        open_beneath(root, path, READ)
    except OSError as error:
        print(errno.errorcode[error.errno])
"""


@pytest.mark.parametrize("refusal", ["ENOSYS", "EPERM"])
def test_a_refused_call_changes_no_answer(tmp_path: Path, refusal: str) -> None:
    """An old kernel does not know it, an old sandbox forbids what it does not know."""
    make(tmp_path, {"root/sub/file": b"content", "root/link": "sub/file", "outside": b"secret"})
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "root", refusal], capture_output=True, text=True, check=False
    )
    assert (said.stdout.split(), said.stderr) == (["b'content'", "ELOOP", "EXDEV"], "")
