# SPDX-License-Identifier: Apache-2.0
# tries: creat(2) over each file
# class: files
# where: host
# needs: python3

import os

from common import paths, syscall

CREAT = 85
for path in paths():
    os.close(syscall(CREAT, path.encode(), 0o644))
