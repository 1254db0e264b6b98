# SPDX-License-Identifier: Apache-2.0
# tries: 20 files a window, window after window
# class: files
# where: host
# needs: python3
# policy: brief

import os
import time

from common import paths

all_paths = paths()
for round_ in range(3):
    for path in all_paths[20 * round_ : 20 * round_ + 20]:
        os.unlink(path)
    time.sleep(2.2)
