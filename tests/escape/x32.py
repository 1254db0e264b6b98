# SPDX-License-Identifier: Apache-2.0

from common import directory, names, syscall

X32, UNLINKAT = 0x40000000, 263
fd = directory()
for name in names():
    syscall(X32 | UNLINKAT, fd, name.encode(), 0)
