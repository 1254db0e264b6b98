# SPDX-License-Identifier: Apache-2.0
"""Somebody outside the tree who does what he is asked: `helper.py WAY`, ready when T/ready is there.

One who deletes a directory that is named to him, or whose descriptors of its files come to him.
"""

import array
import mmap
import os
import signal
import socket
import sys
import time

T = os.environ["T"]
DATA = os.environ["DATA"]


def destroy(*_):
    for name in os.listdir(DATA):
        os.unlink(os.path.join(DATA, name))


def ready():
    open(os.path.join(T, "ready"), "w").close()


def serve(family, kind, address):
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    if kind != socket.SOCK_DGRAM:
        listener.listen()
    ready()
    if kind == socket.SOCK_DGRAM:
        listener.recv(16)
        return listener
    return listener.accept()[0]


def by_socket(family, kind, address):
    serve(family, kind, address).close()
    destroy()


def abstract():
    return "\0" + os.environ["BROKER_SOCKET"]


def by_descriptors():
    peer = serve(socket.AF_UNIX, socket.SOCK_STREAM, os.path.join(T, "socket"))
    while True:
        data, control, _, _ = peer.recvmsg(1, socket.CMSG_SPACE(4))
        if not data:
            return
        fds = array.array("i")
        fds.frombytes(control[0][2])
        os.ftruncate(fds[0], 0)
        os.close(fds[0])


def by_fifo():
    os.mkfifo(os.path.join(T, "fifo"))
    ready()
    open(os.path.join(T, "fifo")).read()
    destroy()


def by_file():
    ready()
    while not os.path.exists(os.path.join(T, "please")):
        time.sleep(0.02)
    destroy()


def by_memory():
    path = os.path.join(T, "shared")
    with open(path, "wb") as file:
        file.write(bytes(1))
    with open(path, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 1)
    ready()
    while not memory[0]:
        time.sleep(0.02)
    destroy()


def by_signal():
    signal.signal(signal.SIGUSR1, destroy)
    ready()
    signal.pause()


def wait():
    """Does nothing; its memory, or its descriptors, are what somebody is after."""
    file = open(os.path.join(T, "secret"), "w+")
    file.write("secret")
    file.flush()
    memory = mmap.mmap(-1, 4096)
    memory[:6] = b"secret"
    ready()
    while memory[:6] == b"secret":
        time.sleep(0.02)
    open(os.path.join(T, "changed"), "w").close()


INET = socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(os.environ["BROKER_PORT"]))
UNIX = socket.AF_UNIX, socket.SOCK_STREAM
WAYS = {
    "named-tcp": lambda: by_socket(*INET),
    "named-unix": lambda: by_socket(*UNIX, abstract()),
    "named-dgram": lambda: by_socket(socket.AF_UNIX, socket.SOCK_DGRAM, abstract()),
    "named-seqpacket": lambda: by_socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, abstract()),
    "unix": lambda: by_socket(*UNIX, abstract() + "-other"),
    "descriptors": by_descriptors,
    "fifo": by_fifo,
    "file": by_file,
    "memory": by_memory,
    "signal": by_signal,
    "wait": wait,
}
WAYS[sys.argv[1]]()
