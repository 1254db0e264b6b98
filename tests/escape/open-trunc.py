# SPDX-License-Identifier: Apache-2.0
# tries: O_TRUNC of each file
# class: files
# where: host
# needs: python3

import os

from common import paths

for path in paths():
    os.close(os.open(path, os.O_WRONLY | os.O_TRUNC))
