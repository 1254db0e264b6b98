# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: removing the extended attributes of each file
# class: files
# where: host
# needs: python3
# limit: 250
# total: 600

prepare() {
	"$TOOLS/files" make "$DATA" 600
	python3 - "$DATA" <<-'END' 2>/dev/null || cannot 'no extended attributes on this file system'
		import os, sys
		for entry in os.scandir(sys.argv[1]):
		    os.setxattr(entry.path, "trusted.origin", b"from afar")
	END
}

attack() {
	python3 -c 'import os, sys
for entry in os.scandir(sys.argv[1]):
    os.removexattr(entry.path, "trusted.origin")' "$DATA"
}

damage() {
	python3 -c 'import os, sys
print(sum("trusted.origin" not in os.listxattr(e.path) for e in os.scandir(sys.argv[1])))' "$DATA"
}
