# SPDX-License-Identifier: Apache-2.0
"""A WRITE(10) of zeroes to block 0, as struct sg_io_hdr, for techniques that run in a guest alone."""

import ctypes
import struct

SG_IO = 0x2285
DATA = ctypes.create_string_buffer(512)
COMMAND = ctypes.create_string_buffer(bytes([0x2A, 0, 0, 0, 0, 0, 0, 0, 1, 0]), 10)
SENSE = ctypes.create_string_buffer(32)
HEADER = struct.pack(
    "iiBBHIPPPIIiP24x", ord("S"), -2, 10, 32, 0, 512, ctypes.addressof(DATA),
    ctypes.addressof(COMMAND), ctypes.addressof(SENSE), 5000, 0, 0, 0)
