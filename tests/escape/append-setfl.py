# SPDX-License-Identifier: Apache-2.0
# tries: opening to append, then clearing O_APPEND and overwriting
# class: files
# where: host
# needs: python3

import fcntl
import os

from common import paths

for path in paths():
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    fcntl.fcntl(fd, fcntl.F_SETFL, 0)
    os.pwrite(fd, b"garbage\n", 0)
    os.close(fd)
