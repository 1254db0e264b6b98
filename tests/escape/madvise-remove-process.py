# SPDX-License-Identifier: Apache-2.0
# tries: the same with process_madvise(2), which tries again by itself when it is to be restarted
# class: files
# where: host
# needs: python3 own_process_madvise

import ctypes
import mmap
import os

from common import paths

PROCESS_MADVISE = 440
libc = ctypes.CDLL(None, use_errno=True)
ourselves = os.pidfd_open(os.getpid())
for path in paths():
    fd = os.open(path, os.O_RDWR)
    with mmap.mmap(fd, 8) as memory:
        view = (ctypes.c_char * 8).from_buffer(memory)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(view), mmap.PAGESIZE)
        libc.syscall(PROCESS_MADVISE, ourselves, vector, 1, mmap.MADV_REMOVE, 0)
        del view
    os.close(fd)
