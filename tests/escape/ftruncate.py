# SPDX-License-Identifier: Apache-2.0
# tries: ftruncate(2) of descriptors opened before
# class: files
# where: host
# needs: python3

import os

from common import paths

fds = [os.open(path, os.O_WRONLY) for path in paths()]
for fd in fds:
    os.ftruncate(fd, 0)
