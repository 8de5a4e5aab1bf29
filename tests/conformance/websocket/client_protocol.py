"""What a case of the list sends in place of a message that is echoed, in both forms of the client protocol."""
import json

from peer import BINARY, TEXT


def varint(value):
  data = b""
  while value > 127:
    data += bytes([value & 127 | 128])
    value >>= 7
  return data + bytes([value])


def field(number, wire_type, data):
  return varint(number << 3 | wire_type) + data


def chunk(number, data):
  return field(number, 2, varint(len(data)) + data)


class JsonForm:
  """Command ping as JSON text. The payload of the case stands under a name that the gateway does not know and skips, so that any bytes can be sent."""
  subprotocol, opcode = "centrifuge-json", TEXT

  @staticmethod
  def connect(token):
    return json.dumps({"id": 1, "connect": {"token": token}}).encode()

  @staticmethod
  def ping(number, payload=b""):
    return b'{"id":%d,"ping":{},"x":"%s"}' % (number, payload)

  @staticmethod
  def replies(payload):
    """(id, error code or 0) of each reply in a frame; pushes and the server's pings are left out."""
    for line in payload.decode().split("\n"):
      reply = json.loads(line)
      if reply.get("id"):
        yield reply["id"], reply.get("error", {}).get("code", 0)


class ProtobufForm:
  """The same as Protobuf; the payload stands in an unknown field of bytes."""
  subprotocol, opcode = "centrifuge-protobuf", BINARY

  @staticmethod
  def connect(token):
    command = field(1, 0, varint(1)) + chunk(4, chunk(1, token.encode()))
    return varint(len(command)) + command

  @staticmethod
  def ping(number, payload=b""):
    command = field(1, 0, varint(number)) + chunk(11, b"") + (chunk(100, payload) if payload else b"")
    return varint(len(command)) + command

  @staticmethod
  def replies(payload):
    while payload:
      length, payload = read_varint(payload)
      reply, payload = payload[:length], payload[length:]
      number, error = 0, 0
      while reply:
        key, reply = read_varint(reply)
        if key & 7 == 0:
          value, reply = read_varint(reply)
          number = value if key >> 3 == 1 else number
        else:
          assert key & 7 == 2, f"wire type {key & 7} in a reply"
          size, reply = read_varint(reply)
          if key >> 3 == 2:
            error = 1
          reply = reply[size:]
      if number:
        yield number, error


def read_varint(data):
  value = shift = 0
  for index, byte in enumerate(data):
    value |= (byte & 127) << shift
    shift += 7
    if byte < 128:
      return value, data[index + 1:]
  raise AssertionError("a varint that does not end")


def sized(form, number, size, fill=b"*"):
  """A ping of exactly this many bytes; None when that cannot be."""
  for padding in range(max(0, size - 64), size + 1):
    message = form.ping(number, fill * padding)
    if len(message) == size:
      return message
  return None
