# SPDX-License-Identifier: Apache-2.0
# tries: O_PATH descriptors opened again through /proc/self/fd with O_TRUNC
# class: files
# where: host
# needs: python3

import os

from common import paths

for path in paths():
    fd = os.open(path, os.O_PATH)
    os.close(os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_TRUNC))
    os.close(fd)
