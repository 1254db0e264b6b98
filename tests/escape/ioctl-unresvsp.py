# SPDX-License-Identifier: Apache-2.0
# tries: punching holes with ioctl(FS_IOC_UNRESVSP64), which is fallocate(2) by another name
# class: files
# where: host
# needs: python3
# disk: yes

import fcntl
import os
import struct

from common import paths

FS_IOC_UNRESVSP64 = 0x4030582B
space = struct.pack("hhiqqiI16x", 0, 0, 0, 0, 4096, 0, 0)
for path in paths():
    fd = os.open(path, os.O_RDWR)
    fcntl.ioctl(fd, FS_IOC_UNRESVSP64, space)
    os.close(fd)
