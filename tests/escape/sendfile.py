# SPDX-License-Identifier: Apache-2.0
# tries: overwriting in place with sendfile(2)
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
    os.sendfile(fd, source, 0, 8)
    os.close(fd)
