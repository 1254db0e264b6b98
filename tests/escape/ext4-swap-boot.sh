# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: EXT4_IOC_SWAP_BOOT: each file exchanged, by way of the boot inode, with rubbish
# class: devices
# where: guest
# needs: python3
# limit: 25
# total: 300

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	mounted ext4
}

attack() {
	python3 - <<-'END'
		import fcntl, os
		data = os.environ["DATA"]
		def swap(path):
		    fd = os.open(path, os.O_RDWR)
		    fcntl.ioctl(fd, 0x6611)
		    os.close(fd)
		for name in sorted(os.listdir(data)):
		    with open(f"{data}/.{name}", "w") as rubbish:
		        rubbish.write("rubbish\n")
		    swap(f"{data}/.{name}")
		    swap(f"{data}/{name}")
	END
}

# What each name holds now; the content itself wanders through the new ones.
damage() {
	echo $((300 - $(find "$DATA" -type f ! -name '.*' -exec grep -lxF content {} + | wc -l)))
}

restore() {
	unmount_data
}
