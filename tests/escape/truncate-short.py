# SPDX-License-Identifier: Apache-2.0
# tries: truncate(2) that leaves one byte
# class: files
# where: host
# needs: python3

import os

from common import paths

for path in paths():
    os.truncate(path, 1)
