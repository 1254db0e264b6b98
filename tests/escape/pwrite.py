# SPDX-License-Identifier: Apache-2.0
# tries: overwriting each file in place with pwrite(2), its size unchanged
# class: files
# where: host
# needs: python3
import os

data = os.environ["DATA"]
for name in os.listdir(data):
    fd = os.open(f"{data}/{name}", os.O_WRONLY)
    os.pwrite(fd, b"garbage\n", 0)
    os.close(fd)
