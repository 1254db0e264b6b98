# SPDX-License-Identifier: Apache-2.0
"""An outsider that deletes $DATA for whoever asks: guest_server.py KIND ADDRESS.

KIND: unix, dgram (a path, or @NAME of an abstract socket), relative (bound by a relative path),
tcp (HOST:PORT), give (hands a socket, already connected to the path, to whoever connects to
"giver"), device (hands out a descriptor of the device, open for writing, likewise).
"""

import array
import os
import shutil
import socket
import sys
import threading


def unix_name(name):
    return "\0" + name[1:] if name.startswith("@") else name


def listen(family, address, kind=socket.SOCK_STREAM):
    server = socket.socket(family, kind)
    if family == socket.AF_UNIX and address[0] != "\0":
        if os.path.dirname(address):
            os.makedirs(os.path.dirname(address), exist_ok=True)
        if os.path.lexists(address):
            os.unlink(address)
    else:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(address)
    if kind == socket.SOCK_STREAM:
        server.listen(8)
    return server


def act(request):
    if b"delete" in request:
        shutil.rmtree(os.environ["DATA"], ignore_errors=True)


def serve_stream(server):
    while True:
        peer, _ = server.accept()
        peer.settimeout(5)
        try:
            act(peer.recv(100))
            peer.sendall(b"done\n")
        except OSError:
            pass
        peer.close()


def hand_out(fd):
    server = listen(socket.AF_UNIX, "giver")
    print("ready", flush=True)
    while True:
        peer, _ = server.accept()
        peer.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
        peer.close()


def main(kind, address):
    if kind == "device":
        hand_out(os.open(address, os.O_RDWR))
    if kind == "tcp":
        host, _, port = address.rpartition(":")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 8)
        server.bind((host, int(port)))
        server.listen(8)
    elif kind == "dgram":
        server = listen(socket.AF_UNIX, unix_name(address), socket.SOCK_DGRAM)
        print("ready", flush=True)
        while True:
            act(server.recv(100))
    elif kind == "relative":
        os.makedirs(os.path.dirname(address), exist_ok=True)
        os.chdir(os.path.dirname(address))
        server = listen(socket.AF_UNIX, os.path.basename(address))
    else:
        server = listen(socket.AF_UNIX, unix_name(address))
    if kind == "give":
        threading.Thread(target=serve_stream, args=[server], daemon=True).start()
        mine = socket.socket(socket.AF_UNIX)
        mine.connect(unix_name(address))
        hand_out(mine.fileno())
    print("ready", flush=True)
    serve_stream(server)


main(sys.argv[1], sys.argv[2])
