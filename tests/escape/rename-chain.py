# SPDX-License-Identifier: Apache-2.0
# tries: each file renamed over the next
# class: files
# where: host
# needs: python3

import os

from common import paths

all_paths = paths()
for old, new in zip(all_paths, all_paths[1:]):
    os.rename(old, new)
