# SPDX-License-Identifier: Apache-2.0
# tries: truncate(2) of each file
# class: files
# where: host
# needs: python3
# quick: yes

import os

from common import paths

for path in paths():
    os.truncate(path, 0)
