"""Runs a browser that does not hear of the machine's networks: `python undisturbed.py PROGRAM [ARGUMENT …]`.

Each container's start gives the machine one more address. Chromium hears of it by a netlink socket and then cuts its
own connections, also those to the machine itself (ERR_NETWORK_CHANGED). Without that socket it takes the network for
one that never changes. A file by itself, run before rights are given up: see seccomp(2) and linux/bpf_common.h.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from contextlib import suppress

SYSTEMS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The kernel's name of the architecture, and the number of socket(2) there."""

_AF_NETLINK = 16
_NR, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def refuse_netlink() -> None:
    """For this process and all that come from it. Does nothing on an unknown architecture. Raises OSError."""
    if platform.machine() not in SYSTEMS:
        return
    arch, socket = SYSTEMS[platform.machine()]
    code = b"".join(
        struct.pack("HBBI", *step)
        for step in (
            (_LOAD, 0, 0, _ARCH),
            (_IF_EQUAL, 0, 5, arch),
            (_LOAD, 0, 0, _NR),
            (_IF_EQUAL, 0, 3, socket),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_IF_EQUAL, 0, 1, _AF_NETLINK),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    steps = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(steps))
    # An unprivileged process may filter itself only if it can never gain rights.
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0)
    _prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program))


def _prctl(option: int, value: int, address: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, ctypes.c_void_p(address), 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    # A kernel without such filters: better a browser that is disturbed now and then than none.
    with suppress(OSError):
        refuse_netlink()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - a list of arguments, no shell
