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
    "file.delete", "dir.delete", "file.replace", "file.truncate", "device.wipe", "mount.change",
    "access.change", "process.exec", "cloud.call", "network.connect", "broker.connect", "tamper",
}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")

HOLD = {
    "id": re.compile(r"h\d+$"), "session": re.compile(r"s\d+$"), "agent": "contract",
    "state": {"held", "approved", "denied", "killed", "expired", "gone"}, "operation": OPERATION,
    "target": re.compile("/"), "pid": int, "executable": re.compile("/.*rm$"), "args": [str],
    "lost": int, "recoverable": int, "reason": str, "rule": str, "since": RFC3339,
    "backend": {"lsm", "fmod_ret", "tracepoint"},
}
SHAPES = {
    "ps": [{
        "session": re.compile(r"s\d+$"), "agent": "contract",
        "state": {"running", "held", "killed", "ended"}, "root_pid": int, "pids": [int],
        "user": "root", "operations": {"file.delete": int}, "since": RFC3339,
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
    "log": {"@timestamp": RFC3339, "event.action": str},
}


def faults(value, shape, where):
    """Yields what is wrong with value, as text."""
    if isinstance(shape, dict):
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


def main():
    name = sys.argv[1]
    text = sys.stdin.read()
    values = [json.loads(line) for line in text.splitlines()] if name == "log" else [json.loads(text)]
    found = [fault for value in values for fault in faults(value, SHAPES[name], name)]
    if not values:
        found.append(f"{name}: empty")
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
