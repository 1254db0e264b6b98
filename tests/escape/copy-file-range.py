# SPDX-License-Identifier: Apache-2.0
# tries: overwriting in place with copy_file_range(2)
# class: files
# where: host
# needs: python3

import os

from common import paths

with open("garbage", "wb") as garbage:
    garbage.write(b"garbage\n")
source = os.open("garbage", os.O_RDONLY)
for path in paths():
    fd = os.open(path, os.O_WRONLY)
    os.copy_file_range(source, fd, 8, 0, 0)
    os.close(fd)
