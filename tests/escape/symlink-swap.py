# SPDX-License-Identifier: Apache-2.0
# tries: a symbolic link renamed over each file
# class: files
# where: host
# needs: python3

import os

from common import paths

for path in paths():
    os.symlink("/nowhere", "link")
    os.rename("link", path)
