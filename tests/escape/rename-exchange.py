# SPDX-License-Identifier: Apache-2.0
# tries: RENAME_EXCHANGE of each file with an empty one
# class: files
# where: host
# needs: python3

from common import paths, syscall

RENAMEAT2, AT_FDCWD, RENAME_EXCHANGE = 316, -100, 2
for path in paths():
    open("empty", "w").close()
    syscall(RENAMEAT2, AT_FDCWD, b"empty", AT_FDCWD, path.encode(), RENAME_EXCHANGE)
