#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cut the BTF out of an x86 bzImage, without booting it.

usage: extract-btf.py VMLINUZ OUT

The boot header names the place of the compressed vmlinux (Documentation/arch/x86/boot.rst, protocol
2.08 and later), so nothing is guessed from magic numbers in the middle of the file. OUT is written
only when the BTF was found.
"""

import struct
import subprocess
import sys

SETUP_SECTS = 0x1F1  # u8: 512-byte sectors of real-mode code after the boot sector; 0 means 4
HEADER_MAGIC = 0x202  # "HdrS"
PROTOCOL_VERSION = 0x206  # u16
PAYLOAD = 0x248  # u32 offset from the protected-mode code, u32 length
PAYLOAD_SINCE = 0x0208

DECOMPRESSORS = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zX": "xz",
    b"\x02!L\x18": "lz4",
    b"\x1f\x8b\x08\x00": "gzip",
}


class NoBTF(Exception):
    """The image is not what this script can read; the message says in which way."""


def payload(image):
    """The compressed vmlinux, with the u32 of its uncompressed size that the build appends."""
    if image[HEADER_MAGIC : HEADER_MAGIC + 4] != b"HdrS":
        raise NoBTF("not a bzImage")
    (version,) = struct.unpack_from("<H", image, PROTOCOL_VERSION)
    if version < PAYLOAD_SINCE:
        raise NoBTF(f"boot protocol {version:#06x} does not name its payload")
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    start = ((image[SETUP_SECTS] or 4) + 1) * 512 + offset
    return image[start : start + length]


def decompress(packed):
    tool = DECOMPRESSORS.get(packed[:4])
    if tool is None:
        raise NoBTF(f"unknown compression {packed[:4].hex()}")
    # gzip's own trailer already is the size, so its build appends none.
    stream = packed if tool == "gzip" else packed[:-4]
    done = subprocess.run([tool, "-dc"], input=stream, capture_output=True, check=False)
    (size,) = struct.unpack_from("<I", packed, len(packed) - 4)
    if len(done.stdout) != size:
        raise NoBTF(f"{tool}: {len(done.stdout)} of {size} bytes: {done.stderr.decode().strip()}")
    return done.stdout


def section(elf, wanted):
    """The content of an ELF64 little-endian file's section."""
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    entry_size, count, names_index = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + i * entry_size) for i in range(count)]
    names = headers[names_index][4]
    for name, _type, _flags, _addr, offset, size in headers:
        start = names + name
        if elf[start : elf.index(b"\0", start)] == wanted:
            return elf[offset : offset + size]
    raise NoBTF(f"vmlinux has no section {wanted.decode()}")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: extract-btf.py VMLINUZ OUT")
    source, out = sys.argv[1:]
    try:
        with open(source, "rb") as f:
            btf = section(decompress(payload(f.read())), b".BTF")
        with open(out, "wb") as f:
            f.write(btf)
    except (NoBTF, OSError, struct.error) as e:
        sys.exit(f"extract-btf.py: {source}: {e}")


if __name__ == "__main__":
    main()
