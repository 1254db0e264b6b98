# SPDX-License-Identifier: Apache-2.0
# tries: overwriting in place with splice(2) from a pipe
# class: files
# where: host
# needs: python3

import os

from common import paths, syscall

SPLICE = 275
reader, writer = os.pipe()
for path in paths():
    os.write(writer, b"garbage\n")
    fd = os.open(path, os.O_WRONLY)
    syscall(SPLICE, reader, 0, fd, 0, 8, 0)
    os.close(fd)
