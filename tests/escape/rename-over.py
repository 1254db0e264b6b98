# SPDX-License-Identifier: Apache-2.0
# tries: an empty file renamed over each file
# class: files
# where: host
# needs: python3
# quick: yes

import os

from common import paths

for path in paths():
    open("empty", "w").close()
    os.rename("empty", path)
