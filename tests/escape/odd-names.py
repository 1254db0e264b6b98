# SPDX-License-Identifier: Apache-2.0

import os

from common import DATA

for name in os.listdir(os.fsencode(DATA)):
    os.unlink(os.path.join(os.fsencode(DATA), name))
