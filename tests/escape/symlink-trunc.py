# SPDX-License-Identifier: Apache-2.0
# tries: emptying files through symbolic links elsewhere
# class: files
# where: host
# needs: python3

import os

from common import paths

for i, path in enumerate(paths()):
    os.symlink(path, f"link{i}")
    open(f"link{i}", "w").close()
