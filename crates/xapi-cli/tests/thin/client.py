#!/usr/bin/env python3
"""A thin client of XAPI, written from the protocol alone: it shares no code with the server that it tests.

    client.py (unix:PATH | tcp:HOST:PORT) WORD...

Sends the words to /cli and does what the server says. Standard library only. Files are read when a word names them as
its value, as XAPI's own client does. What is fetched by HTTP is fetched from the same place.
"""

import os
import socket
import struct
import sys

GREETING = b"XenSource thin CLI protocol"
PRINT, LOAD, PROMPT, EXIT, OK, FAILED, CHUNK, END, COMMAND, RESPONSE, BLOB = 0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11
HTTP_GET, HTTP_PUT, ERROR, DEBUG, PRINT_STDERR, HTTP_CONNECT, WAIT = 12, 13, 14, 15, 16, 17, 18


class ProtocolError(Exception):
    pass


def connect(place):
    kind, _, rest = place.partition(":")
    if kind == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(rest)
        return sock
    host, _, port = rest.rpartition(":")
    return socket.create_connection((host, int(port)))


class Wire:
    def __init__(self, sock):
        self.sock = sock

    def read(self, length):
        data = b""
        while len(data) < length:
            piece = self.sock.recv(length - len(data))
            if not piece:
                raise ProtocolError("the server went away")
            data += piece
        return data

    def int(self):
        return struct.unpack("<i", self.read(4))[0]

    def frame(self, *ints):
        payload = b"".join(struct.pack("<i", i) for i in ints)
        self.sock.sendall(struct.pack("<i", len(payload)) + payload)


class Payload:
    def __init__(self, data):
        self.data = data

    def int(self):
        value, self.data = struct.unpack("<i", self.data[:4])[0], self.data[4:]
        return value

    def bytes(self):
        length = self.int()
        if length < 0 or length > len(self.data):
            raise ProtocolError("a text that is longer than its frame")
        value, self.data = self.data[:length], self.data[length:]
        return value

    def end(self):
        if self.data:
            raise ProtocolError("bytes behind a message")


def send_blob(wire, data):
    wire.frame(BLOB, CHUNK, len(data))
    wire.sock.sendall(data)
    wire.frame(BLOB, END)


def load(wire, name, allowed):
    try:
        if os.path.abspath(name) not in allowed:
            raise OSError("not named on the command line")
        with open(name, "rb") as file:
            data = file.read()
    except OSError as why:
        sys.stderr.write("%s: %s\n" % (name, why))
        wire.frame(RESPONSE, FAILED)
        return
    # A client may say that it is busy before it is done.
    wire.frame(RESPONSE, WAIT)
    wire.frame(RESPONSE, OK)
    send_blob(wire, data)


def http_get(wire, place, name, url):
    sock = connect(place)
    sock.sendall(b"GET " + url + b" HTTP/1.0\r\n\r\n")
    data = b""
    while piece := sock.recv(65536):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    wire.frame(RESPONSE, WAIT)
    if head.split()[1] != b"200":
        wire.frame(RESPONSE, FAILED)
        return
    if name:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with os.fdopen(os.open(name, flags, 0o600), "wb") as file:
                file.write(body)
        except OSError as why:
            sys.stderr.write("%s: %s\n" % (name.decode(), why))
            wire.frame(RESPONSE, FAILED)
            return
    else:
        sys.stdout.buffer.write(body)
    wire.frame(RESPONSE, OK)


def main():
    place, words = sys.argv[1], sys.argv[2:]
    allowed = {os.path.abspath(word.partition("=")[2]) for word in words if "=" in word}
    wire = Wire(connect(place))
    body = "\n".join(words).encode()
    head = "POST /cli HTTP/1.0\r\nUser-agent: thin-test/0.2\r\noriginator: cli\r\ncontent-length: %d\r\n\r\n"
    wire.sock.sendall((head % len(body)).encode() + body)
    begin = wire.read(4)
    if begin == b"HTTP":
        raise ProtocolError("the server answers by HTTP")
    if begin + wire.read(len(GREETING) - 4) != GREETING:
        raise ProtocolError("no greeting")
    major, minor = wire.int(), wire.int()
    if major != 0 or minor < 2:
        raise ProtocolError("version %d.%d" % (major, minor))
    wire.sock.sendall(GREETING + struct.pack("<ii", 0, 2))
    while True:
        payload = Payload(wire.read(wire.int()))
        if payload.int() != COMMAND:
            raise ProtocolError("no command")
        command = payload.int()
        if command == PRINT:
            sys.stdout.buffer.write(payload.bytes() + b"\n")
            sys.stdout.buffer.flush()
        elif command == PRINT_STDERR:
            sys.stderr.buffer.write(payload.bytes())
            sys.stderr.buffer.flush()
        elif command == DEBUG:
            payload.bytes()
        elif command == LOAD:
            load(wire, payload.bytes().decode(), allowed)
        elif command == HTTP_GET:
            name, url = payload.bytes(), payload.bytes()
            http_get(wire, place, name, url)
        elif command == PROMPT:
            send_blob(wire, sys.stdin.readline().rstrip("\n").encode())
        elif command == ERROR:
            code = payload.bytes().decode()
            params = [payload.bytes().decode() for _ in range(payload.int())]
            sys.stderr.write("Error code: %s\nError parameters: %s\n" % (code, ", ".join(params)))
        elif command == EXIT:
            status = payload.int()
            payload.end()
            sys.exit(status)
        else:
            raise ProtocolError("command %d" % command)
        payload.end()


try:
    main()
except ProtocolError as why:
    sys.stderr.write("protocol: %s\n" % why)
    sys.exit(99)
