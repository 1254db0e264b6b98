# SPDX-License-Identifier: Apache-2.0
# tries: open_by_handle_at(2) with O_TRUNC
# class: files
# where: host
# needs: python3

import ctypes
import os
import struct

from common import DATA, paths, syscall

NAME_TO_HANDLE_AT, OPEN_BY_HANDLE_AT, AT_FDCWD = 303, 304, -100
mount = os.open(DATA, os.O_RDONLY)
for path in paths():
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 8 + 128)
    mount_id = ctypes.c_int()
    syscall(NAME_TO_HANDLE_AT, AT_FDCWD, path.encode(), handle, ctypes.byref(mount_id), 0)
    os.close(syscall(OPEN_BY_HANDLE_AT, mount, handle, os.O_WRONLY | os.O_TRUNC))
