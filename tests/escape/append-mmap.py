# SPDX-License-Identifier: Apache-2.0
# tries: opening to append, then overwriting through a shared mapping
# class: files
# where: host
# needs: python3

import mmap
import os

from common import paths

for path in paths():
    fd = os.open(path, os.O_RDWR | os.O_APPEND)
    with mmap.mmap(fd, 8) as memory:
        memory[:] = b"garbage\n"
    os.close(fd)
