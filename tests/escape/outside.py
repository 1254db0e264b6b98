# SPDX-License-Identifier: Apache-2.0
"""Writes into a process outside the tree: `outside.py WAY PID`. Its shared page says "secret"."""

import ctypes
import os
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
PIDFD_OPEN, PIDFD_GETFD = 434, 438
PTRACE_POKEDATA, PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 5, 0x4206, 0x4207, 17


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def check(ret):
    if ret < 0:
        errno = ctypes.get_errno()
        sys.exit(os.strerror(errno))
    return ret


def page(pid):
    """The one shared page of nobody's file."""
    for line in open(f"/proc/{pid}/maps"):
        if "rw-s" in line and "/dev/zero" in line:
            return int(line.split("-")[0], 16)
    sys.exit("no page")


def by_vm(pid):
    text = ctypes.create_string_buffer(b"gone!!")
    local = Vector(ctypes.addressof(text), 6)
    remote = Vector(page(pid), 6)
    check(LIBC.process_vm_writev(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0))


def by_mem(pid):
    fd = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    os.pwrite(fd, b"gone!!", page(pid))


def by_ptrace(pid):
    def ptrace(request, address=0, data=0):
        return check(LIBC.ptrace(request, pid, ctypes.c_void_p(address), ctypes.c_void_p(data)))

    address = page(pid)
    ptrace(PTRACE_SEIZE)
    ptrace(PTRACE_INTERRUPT)
    os.waitpid(pid, 0x40000000)
    ptrace(PTRACE_POKEDATA, address, int.from_bytes(b"gone!!!!", "little"))
    ptrace(PTRACE_DETACH)


def by_getfd(pid):
    pidfd = check(LIBC.syscall(PIDFD_OPEN, pid, 0))
    for fd in sorted(int(n) for n in os.listdir(f"/proc/{pid}/fd")):
        if os.readlink(f"/proc/{pid}/fd/{fd}").endswith("/secret"):
            os.pwrite(check(LIBC.syscall(PIDFD_GETFD, pidfd, fd, 0)), b"gone!!", 0)
            return
    sys.exit("no descriptor")


{"vm": by_vm, "mem": by_mem, "ptrace": by_ptrace, "getfd": by_getfd}[sys.argv[1]](int(sys.argv[2]))
