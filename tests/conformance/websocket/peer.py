"""A WebSocket client of raw frames (RFC 6455), made to misbehave. Shares no code with the gateway."""
import base64
import collections
import hashlib
import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Frame = collections.namedtuple("Frame", "opcode payload fin rsv masked")


class Closed(Exception):
  """The other side ended the TCP connection."""


class HandshakeRefused(Exception):
  """Another answer than 101."""


def frame(opcode, payload=b"", fin=True, rsv=0, mask=True):
  """The bytes of one frame of a client."""
  head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
  bit = 0x80 if mask else 0
  if len(payload) < 126:
    head += bytes([bit | len(payload)])
  elif len(payload) < 1 << 16:
    head += bytes([bit | 126]) + struct.pack("!H", len(payload))
  else:
    head += bytes([bit | 127]) + struct.pack("!Q", len(payload))
  if not mask:
    return head + payload
  key = os.urandom(4)
  stream = key * (len(payload) // 4 + 1)
  masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stream[:len(payload)], "big")).to_bytes(len(payload), "big")
  return head + key + masked


class Peer:
  """One connection. Everything that waits ends with socket.timeout after `timeout` seconds."""

  def __init__(self, host, port, path="/connection/websocket", subprotocol="", headers=(), timeout=5):
    self.socket = socket.create_connection((host, port), timeout=timeout)
    self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    self.buffer = b""
    self._handshake(host, port, path, subprotocol, headers)

  def _handshake(self, host, port, path, subprotocol, headers):
    key = base64.b64encode(os.urandom(16))
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
             f"Sec-WebSocket-Key: {key.decode()}", "Sec-WebSocket-Version: 13", *headers]
    if subprotocol:
      lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    self.send("\r\n".join(lines + ["", ""]).encode())
    while b"\r\n\r\n" not in self.buffer:
      self._fill()
    head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
    status, *rest = head.decode("latin-1").split("\r\n")
    if status.split(" ")[1] != "101":
      raise HandshakeRefused(status)
    answered = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in rest)}
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    assert answered.get("sec-websocket-accept") == accept, f"Sec-WebSocket-Accept: {answered.get('sec-websocket-accept')}, want {accept}"
    assert answered.get("sec-websocket-protocol", "") == subprotocol, f"subprotocol {answered.get('sec-websocket-protocol')}, want {subprotocol}"
    assert "sec-websocket-extensions" not in answered, "an extension that was not offered"

  def send(self, data, chop=0):
    """chop: bytes of each write; 0: all in one."""
    for start in range(0, len(data), chop or len(data) or 1):
      self.socket.sendall(data[start:start + (chop or len(data))])

  def _fill(self):
    try:
      data = self.socket.recv(1 << 16)
    except ConnectionResetError as error:
      raise Closed from error
    if not data:
      raise Closed
    self.buffer += data

  def _take(self, count):
    while len(self.buffer) < count:
      self._fill()
    data, self.buffer = self.buffer[:count], self.buffer[count:]
    return data

  def receive(self):
    """The next frame of the server."""
    first, second = self._take(2)
    length = second & 0x7f
    if length == 126:
      length, = struct.unpack("!H", self._take(2))
    elif length == 127:
      length, = struct.unpack("!Q", self._take(8))
    return Frame(first & 0x0f, self._take(length), bool(first & 0x80), first >> 4 & 7, bool(second & 0x80))

  def close(self):
    self.socket.close()
