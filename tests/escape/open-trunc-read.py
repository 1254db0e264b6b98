# SPDX-License-Identifier: Apache-2.0
# tries: O_TRUNC while opening to read only
# class: files
# where: host
# needs: python3

import os

from common import paths

for path in paths():
    os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))
