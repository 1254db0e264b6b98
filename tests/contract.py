#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The contract of `pawl … -o json`: names and types that scripts may rely on.

usage: contract.py ps|tree|holds|show|approve|doctor|log <JSON
Prints every fault and ends with status 1 if there is one. More members than these may stand there.
"""
import json
import re
import sys

OPERATION = {
    "file.delete", "dir.delete", "file.replace", "file.truncate", "file.overwrite", "ring.create",
    "access.change", "device.wipe", "mount.change", "kernel.change", "process.exec", "cloud.call",
    "network.connect", "broker.connect", "tamper",
}
ACTION = OPERATION | {
    f"{what}.{how}" for what in ("tamper", "broker", "operation") for how in ("observed", "denied")
} | {
    "budget.exceeded", "budget.denied", "events.lost", "hold.open", "hold.resolved",
    "session.start", "session.end", "session.kill", "session.pause", "session.resume",
    "session.detach", "daemon.start", "daemon.stop", "daemon.adopt",
    "daemon.release", "policy.reload", "policy.refused",
}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")

STATE = {"held", "approved", "denied", "killed", "expired", "gone"}

HOLD = {
    "id": re.compile(r"h\d+$"), "session": re.compile(r"s\d+$"), "agent": "contract",
    "state": STATE, "operation": OPERATION,
    "target": re.compile("/"), "pid": int, "executable": re.compile("/.*rm$"), "args": [str],
    "lost": int, "recoverable": int, "reason": str, "rule": str, "since": RFC3339,
    "backend": {"lsm", "fmod_ret", "tracepoint"},
}
SHAPES = {
    "ps": [{
        "session": re.compile(r"s\d+$"), "agent": "contract",
        "state": {"running", "held", "killed", "ended"}, "root_pid": int, "pids": [int],
        "user": "root", "operations": (OPERATION, int), "since": RFC3339,
    }],
    "tree": [{
        "session": re.compile(r"s\d+$"), "agent": "contract", "state": str,
        "processes": [{"pid": int, "ppid": int, "executable": str, "args": [str]}],
    }],
    "holds": [HOLD],
    "show": HOLD,
    "approve": HOLD,
    "doctor": {
        "backend": {"lsm", "fmod_ret", "tracepoint"}, "enforcing": True, "kernel": str,
        "checks": [{"name": str, "status": {"ok", "warn", "fail"}, "detail": str, "remedy": str}],
        "hooks": [{"name": str, "attached": bool, "tested": bool}], "lost_events": int,
    },
    "log": {"@timestamp": RFC3339, "event.action": ACTION},
}
# Members that only some records have, and what they are where they stand.
OPTIONAL = {
    "log": {
        "pawl.session": re.compile(r"s\d+$"), "pawl.hold": re.compile(r"h\d+$"), "pawl.agent": str,
        "pawl.operation": OPERATION, "pawl.detail": str, "pawl.broker": str, "pawl.state": STATE,
        "pawl.count": int, "pawl.lost": int, "process.pid": int, "process.args": list,
        "file.path": str, "file.directory": str, "user.id": int,
    },
}


def faults(value, shape, where):
    """Yields what is wrong with value, as text."""
    if isinstance(shape, tuple):
        if not isinstance(value, dict):
            yield f"{where}: not an object: {value!r}"
            return
        for key, inner in value.items():
            yield from faults(key, shape[0], f"{where}, a name")
            yield from faults(inner, shape[1], f"{where}.{key}")
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{where}: not an object: {value!r}"
            return
        for key, inner in shape.items():
            if key not in value:
                yield f"{where}.{key}: missing"
            else:
                yield from faults(value[key], inner, f"{where}.{key}")
    elif isinstance(shape, list):
        if not isinstance(value, list) or not value:
            yield f"{where}: not an array with members: {value!r}"
            return
        for index, inner in enumerate(value):
            yield from faults(inner, shape[0], f"{where}[{index}]")
    elif isinstance(shape, set):
        if value not in shape:
            yield f"{where}: {value!r} is none of {sorted(shape)}"
    elif isinstance(shape, re.Pattern):
        if not isinstance(value, str) or not shape.match(value):
            yield f"{where}: {value!r} does not match {shape.pattern}"
    elif isinstance(shape, type):
        if not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
            yield f"{where}: {value!r} is not of type {shape.__name__}"
    elif value != shape or type(value) is not type(shape):
        yield f"{where}: {value!r} is not {shape!r}"


def optional_faults(value, shapes, where):
    """The same of members that need not be there."""
    for key, shape in shapes.items():
        if key in value:
            yield from faults(value[key], shape, f"{where}.{key}")


def main():
    name = sys.argv[1]
    text = sys.stdin.read()
    values = [json.loads(line) for line in text.splitlines()] if name == "log" else [json.loads(text)]
    found = [fault for value in values for fault in faults(value, SHAPES[name], name)]
    for value in values:
        if isinstance(value, dict):
            found += optional_faults(value, OPTIONAL.get(name, {}), name)
    if not values:
        found.append(f"{name}: empty")
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
