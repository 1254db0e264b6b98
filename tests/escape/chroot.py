# SPDX-License-Identifier: Apache-2.0
# tries: from inside a chroot
# class: tree
# where: host
# needs: python3

import os

from common import DATA, names

all_names = names()
os.chroot(DATA)
os.chdir("/")
for name in all_names:
    os.unlink("/" + name)
