# SPDX-License-Identifier: Apache-2.0
# tries: fchdir(2) to the directory, relative names
# class: files
# where: host
# needs: python3

import os

from common import directory, names

all_names = names()
os.fchdir(directory())
for name in all_names:
    os.unlink(name)
