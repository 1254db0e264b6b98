# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: mode bits changed by writing a POSIX ACL with setxattr(2)
# class: files
# where: host
# needs: python3
# limit: 250
# total: 600

prepare() {
	"$TOOLS/files" make "$DATA" 600
	chmod 644 "$DATA"/*
	attack_one "$DATA/f0" 2>/dev/null || cannot 'no POSIX ACLs on this file system'
	chmod 644 "$DATA"/f0
}

attack_one() {
	python3 - "$@" <<-'END'
		import os, struct, sys
		# version 2; owner, group, others: no permission
		acl = struct.pack("<I", 2) + b"".join(
		    struct.pack("<HHI", tag, 0, 0xFFFFFFFF) for tag in (1, 4, 32))
		for path in sys.argv[1:]:
		    os.setxattr(path, "system.posix_acl_access", acl)
	END
}

attack() {
	attack_one "$DATA"/*
}

damage() {
	find "$DATA" -type f ! -perm 644 | wc -l
}
