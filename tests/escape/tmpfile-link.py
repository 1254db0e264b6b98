# SPDX-License-Identifier: Apache-2.0
# tries: O_TMPFILE files linked by /proc/self/fd and renamed over each file
# class: files
# where: host
# needs: python3

import os

from common import paths, syscall

LINKAT, AT_FDCWD, AT_SYMLINK_FOLLOW = 265, -100, 0x400
for path in paths():
    fd = os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o644)
    source = f"/proc/self/fd/{fd}".encode()
    syscall(LINKAT, AT_FDCWD, source, AT_FDCWD, b"fresh", AT_SYMLINK_FOLLOW)
    os.rename("fresh", path)
    os.close(fd)
