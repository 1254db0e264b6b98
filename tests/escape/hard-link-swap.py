# SPDX-License-Identifier: Apache-2.0
# tries: a hard link to an empty file renamed over each file
# class: files
# where: host
# needs: python3
import os

data = os.environ["DATA"]
open("empty", "w").close()
for name in os.listdir(data):
    os.link("empty", "link")
    os.rename("link", f"{data}/{name}")
