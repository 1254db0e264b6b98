# SPDX-License-Identifier: Apache-2.0
# tries: fallocate(2) with FALLOC_FL_ZERO_RANGE
# class: files
# where: host
# needs: python3
# disk: yes

import os

from common import paths, syscall

FALLOCATE, FALLOC_FL_ZERO_RANGE = 285, 16
for path in paths():
    fd = os.open(path, os.O_RDWR)
    syscall(FALLOCATE, fd, FALLOC_FL_ZERO_RANGE, 0, 4096)
    os.close(fd)
