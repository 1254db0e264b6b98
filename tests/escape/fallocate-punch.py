# SPDX-License-Identifier: Apache-2.0
# tries: fallocate(2) with FALLOC_FL_PUNCH_HOLE
# class: files
# where: host
# needs: python3

import os

from common import paths, syscall

FALLOCATE, FALLOC_FL_PUNCH_HOLE = 285, 3  # with KEEP_SIZE
for path in paths():
    fd = os.open(path, os.O_RDWR)
    syscall(FALLOCATE, fd, FALLOC_FL_PUNCH_HOLE, 0, 4096)
    os.close(fd)
