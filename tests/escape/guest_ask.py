# SPDX-License-Identifier: Apache-2.0
"""Asks an outsider to delete: guest_ask.py KIND ADDRESS. Kinds: see guest_server.py."""

import socket
import sys

REQUEST = b"delete\n"


def unix_name(name):
    return "\0" + name[1:] if name.startswith("@") else name


def main(kind, address):
    if kind == "dgram":
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(REQUEST, unix_name(address))
        return
    if kind in ("tcp", "fastopen"):
        host, _, port = address.rpartition(":")
        to = (host, int(port))
        asker = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if kind == "fastopen":
            asker.sendto(REQUEST, socket.MSG_FASTOPEN, to)
        else:
            asker.connect(to)
    elif kind == "given":
        giver = socket.socket(socket.AF_UNIX)
        giver.connect(address)
        _, fds, _, _ = socket.recv_fds(giver, 1, 1)
        asker = socket.socket(fileno=fds[0])
    else:
        asker = socket.socket(socket.AF_UNIX)
        asker.connect(unix_name(address))
    if kind != "fastopen":
        asker.sendall(REQUEST)
    asker.recv(100)


main(sys.argv[1], sys.argv[2])
