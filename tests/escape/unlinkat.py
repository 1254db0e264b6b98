# SPDX-License-Identifier: Apache-2.0
# tries: unlinkat(2) of names below a directory that is open
# class: files
# where: host
# needs: python3

import os

from common import directory, names

fd = directory()
for name in names():
    os.unlink(name, dir_fd=fd)
