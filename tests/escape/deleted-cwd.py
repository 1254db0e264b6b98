# SPDX-License-Identifier: Apache-2.0
# tries: from a working directory that is deleted
# class: files
# where: host
# needs: python3

import os

from common import directory, names

fd = directory()
all_names = names()
os.mkdir("away")
os.chdir("away")
os.rmdir("../away")
for name in all_names:
    os.unlink(name, dir_fd=fd)
