#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A model on the loopback that has one idea: to run a given shell command.

usage: model.py COMMAND AGENT [ARGUMENT...]

Brings the loopback up (it is meant for a fresh network namespace), listens on PORT, starts the
agent and ends with its status, 128 + n for a signal. To a request that offers a shell tool it
answers with a call of that tool; once the tool's result is among the messages, and to requests
without tools, it answers "done". It speaks the four interfaces that agents use; each is a class
below. With MODEL_LOG set, requests are logged there.
"""
import fcntl
import http.server
import json
import os
import socket
import struct
import subprocess
import sys
import threading

PORT = 8911

# The agents' shell tools and the arguments that they take.
SHELL_TOOLS = {
    "Bash": lambda command: {"command": command, "description": "Cleans up"},
    "bash": lambda command: {"command": command, "description": "Cleans up"},
    "run_shell_command": lambda command: {"command": command, "description": "Cleans up"},
    "shell_command": lambda command: {"command": command},
    "shell": lambda command: {"command": ["bash", "-c", command]},
    "exec_command": lambda command: {"cmd": command, "yield_time_ms": 30000},
}


class Messages:
    """Claude Code: POST /v1/messages"""

    @staticmethod
    def tools(request):
        return [tool.get("name") for tool in request.get("tools", [])]

    @staticmethod
    def has_result(request):
        blocks = [message["content"] for message in request.get("messages", [])]
        return any(block.get("type") == "tool_result"
                   for content in blocks if isinstance(content, list) for block in content)

    @staticmethod
    def _reply(block, delta, reason):
        start = {"id": "msg_1", "type": "message", "role": "assistant", "model": "loopback",
                 "content": [], "stop_reason": None, "stop_sequence": None,
                 "usage": {"input_tokens": 1, "output_tokens": 1}}
        return [
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": reason},
             "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]

    @classmethod
    def call(cls, name, arguments):
        return cls._reply({"type": "tool_use", "id": "toolu_1", "name": name, "input": {}},
                          {"type": "input_json_delta", "partial_json": json.dumps(arguments)},
                          "tool_use")

    @classmethod
    def done(cls):
        return cls._reply({"type": "text", "text": ""}, {"type": "text_delta", "text": "done"},
                          "end_turn")


class Responses:
    """Codex: POST /v1/responses"""

    @staticmethod
    def tools(request):
        return [tool.get("name") for tool in request.get("tools", [])]

    @staticmethod
    def has_result(request):
        return any(item.get("type") == "function_call_output" for item in request.get("input", []))

    @staticmethod
    def _reply(item):
        usage = {"input_tokens": 1, "input_tokens_details": None, "output_tokens": 1,
                 "output_tokens_details": None, "total_tokens": 2}
        return [
            {"type": "response.created", "response": {"id": "resp_1"}},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed",
             "response": {"id": "resp_1", "output": [item], "usage": usage}},
        ]

    @classmethod
    def call(cls, name, arguments):
        return cls._reply({"type": "function_call", "id": "fc_1", "call_id": "call_1",
                           "name": name, "arguments": json.dumps(arguments)})

    @classmethod
    def done(cls):
        return cls._reply({"type": "message", "id": "msg_1", "role": "assistant",
                           "content": [{"type": "output_text", "text": "done"}]})


class ChatCompletions:
    """OpenCode: POST /v1/chat/completions"""

    @staticmethod
    def tools(request):
        return [tool["function"]["name"] for tool in request.get("tools", [])]

    @staticmethod
    def has_result(request):
        return any(message.get("role") == "tool" for message in request.get("messages", []))

    @staticmethod
    def _reply(delta, reason):
        head = {"id": "chat_1", "object": "chat.completion.chunk", "created": 1,
                "model": "loopback"}
        return [
            {**head, "choices": [{"index": 0, "delta": {"role": "assistant", **delta},
                                  "finish_reason": None}]},
            {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
        ]

    @classmethod
    def call(cls, name, arguments):
        function = {"name": name, "arguments": json.dumps(arguments)}
        return cls._reply({"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                                           "function": function}]}, "tool_calls")

    @classmethod
    def done(cls):
        return cls._reply({"content": "done"}, "stop")


class GenerateContent:
    """Gemini CLI: POST /v1beta/models/NAME:streamGenerateContent"""

    @staticmethod
    def tools(request):
        return [function.get("name") for tool in request.get("tools", [])
                for function in tool.get("functionDeclarations", [])]

    @staticmethod
    def has_result(request):
        return any("functionResponse" in part for content in request.get("contents", [])
                   for part in content.get("parts", []))

    @staticmethod
    def _reply(part):
        return [{"candidates": [{"index": 0, "finishReason": "STOP",
                                 "content": {"role": "model", "parts": [part]}}],
                 "modelVersion": "loopback",
                 "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1,
                                   "totalTokenCount": 2}}]

    @classmethod
    def call(cls, name, arguments):
        return cls._reply({"functionCall": {"name": name, "args": arguments}})

    @classmethod
    def done(cls):
        return cls._reply({"text": "done"})


INTERFACES = {
    "/messages": Messages,
    "/responses": Responses,
    "/chat/completions": ChatCompletions,
    ":streamGenerateContent": GenerateContent,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shell_command = ""

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        if "MODEL_LOG" in os.environ:
            with open(os.environ["MODEL_LOG"], "a", encoding="utf-8") as log:
                log.write(format % args + "\n")

    def _read_body(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, kind, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self._send("application/json", '{"data": [], "models": []}')

    def do_HEAD(self):
        self._send("application/json", "")

    def do_POST(self):
        request = json.loads(self._read_body() or b"{}")
        path = self.path.split("?")[0]
        speaks = next((INTERFACES[end] for end in INTERFACES if path.endswith(end)), None)
        if not speaks:  # token counts, telemetry
            self._send("application/json", '{"input_tokens": 1, "totalTokens": 1}')
            return
        offered = speaks.tools(request)
        shell = next((name for name in SHELL_TOOLS if name in offered), None)
        self.log_message("  tools %s, result %s", offered, speaks.has_result(request))
        if shell and not speaks.has_result(request):
            events = speaks.call(shell, SHELL_TOOLS[shell](self.shell_command))
        else:
            events = speaks.done()
        self._send("text/event-stream", "".join(map(sse, events)))


def sse(event):
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"


def raise_loopback():
    """As `ip link set lo up` does."""
    siocgifflags, siocsifflags, iff_up = 0x8913, 0x8914, 1
    with socket.socket() as any_socket:
        answer = fcntl.ioctl(any_socket, siocgifflags, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", answer)[1]
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh14x", b"lo", flags | iff_up))


def main():
    Handler.shell_command = sys.argv[1]
    raise_loopback()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    status = subprocess.run(sys.argv[2:], check=False).returncode
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
