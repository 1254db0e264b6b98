# SPDX-License-Identifier: Apache-2.0
"""What techniques in Python share: the files to destroy, and system calls by number."""

import ctypes
import os

DATA = os.environ["DATA"]
LIBC = ctypes.CDLL(None, use_errno=True)


def names():
    return sorted(os.listdir(DATA))


def paths():
    return [os.path.join(DATA, name) for name in names()]


def directory():
    return os.open(DATA, os.O_RDONLY | os.O_DIRECTORY)


def syscall(number, *args):
    """Plain integers, bytes and ctypes objects; raises OSError."""
    args = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    ret = LIBC.syscall(ctypes.c_long(number), *args)
    if ret < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return ret
