"""The cases of the Autobahn list, groups 1-7, 9 and 10, for a server that does not echo.

The client protocol has no echo. A message of a case becomes one command ping, whose reply ("reply") shows that the server has read it whole; its payload, the bytes
that the list is about, stands in a part of the command that the server skips. Text is the JSON form, binary the Protobuf form. Numbers and titles are Autobahn's.
Where a case cannot be the same, its title says so in brackets.

Each case: (number, title, form, steps, wanted). steps: (bytes, chop) to write, or seconds to wait. wanted, in order: "reply", "reply?" (may come), ("pong", payload),
("close", code...). A case whose wanted does not end with a close ends with a closing handshake of the client's, which must be answered with its code.
"""
import struct

from client_protocol import JsonForm, ProtobufForm, sized
from peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

MAX_MESSAGE = 64 << 10  # The gateway's max_message_bytes.
OCTETS = 1  # A chop.
PROTOCOL_ERROR, NOT_UTF8, TOO_BIG = ("close", 1002), ("close", 1007), ("close", 1009)

CASES = []


def case(number, title, form, steps, *wanted):
  CASES.append((number, title, form, [(step, 0) if isinstance(step, bytes) else step for step in steps], wanted))


def text(payload=b"Hello", number=2):
  return frame(TEXT, JsonForm.ping(number, payload))


def fragments(message, sizes, first=TEXT):
  """Frames of a message: of these sizes, and one with the rest."""
  parts = []
  for size in sizes:
    parts.append(message[:size])
    message = message[size:]
  parts.append(message)
  return [frame(first if index == 0 else CONTINUATION, part, fin=index == len(parts) - 1) for index, part in enumerate(parts)]


def close(code=None, reason=b""):
  return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


# 1: framing.
SIZES = [125, 126, 127, 128, 65535, 65536]
for group, form, kind, fill in [("1.1", JsonForm, "text", b"*"), ("1.2", ProtobufForm, "binary", b"\xfe")]:
  case(f"{group}.1", f"{kind} message of length 0 [no command at all: closed with 3501]", form, [frame(form.opcode)], ("close", 3501))
  for index, size in enumerate(SIZES):
    message = sized(form, 2, size, fill)
    title = f"{kind} message of length {size}"
    if message is None:
      message, title = sized(form, 2, size + 1, fill), f"{title} [+ 1: no varint gives it]"
    if len(message) <= MAX_MESSAGE:
      case(f"{group}.{index + 2}", title, form, [frame(form.opcode, message)], "reply")
  case(f"{group}.8", f"{kind} message of length 65536, in chops of 997 octets", form, [(frame(form.opcode, sized(form, 2, 65536, fill) or sized(form, 2, 65535, fill)), 997)], "reply")

# 2: pings and pongs.
BYTES = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
TEN = [b"payload-%d" % index for index in range(10)]
case("2.1", "ping without payload", JsonForm, [frame(PING)], ("pong", b""))
case("2.2", "ping with small text payload", JsonForm, [frame(PING, b"Hello, world!")], ("pong", b"Hello, world!"))
case("2.3", "ping with small binary payload", JsonForm, [frame(PING, BYTES)], ("pong", BYTES))
case("2.4", "ping with binary payload of 125 octets", JsonForm, [frame(PING, b"\xfe" * 125)], ("pong", b"\xfe" * 125))
case("2.5", "ping with binary payload of 126 octets", JsonForm, [frame(PING, b"\xfe" * 126)], PROTOCOL_ERROR)
case("2.6", "ping with binary payload of 125 octets, octet by octet", JsonForm, [(frame(PING, b"\xfe" * 125), OCTETS)], ("pong", b"\xfe" * 125))
case("2.7", "unsolicited pong without payload", JsonForm, [frame(PONG)])
case("2.8", "unsolicited pong with payload", JsonForm, [frame(PONG, b"unsolicited")])
case("2.9", "unsolicited pong with payload, then ping", JsonForm, [frame(PONG, b"unsolicited"), frame(PING, b"ping")], ("pong", b"ping"))
case("2.10", "10 pings with payload", JsonForm, [frame(PING, each) for each in TEN], *[("pong", each) for each in TEN])
case("2.11", "10 pings with payload, octet by octet", JsonForm, [(frame(PING, each), OCTETS) for each in TEN], *[("pong", each) for each in TEN])

# 3: reserved bits.
case("3.1", "text with RSV 1", JsonForm, [frame(TEXT, JsonForm.ping(2), rsv=1)], PROTOCOL_ERROR)
case("3.2", "text, then text with RSV 2, then ping", JsonForm, [text() + frame(TEXT, JsonForm.ping(3), rsv=2) + frame(PING)], "reply?", PROTOCOL_ERROR)
case("3.3", "text, then text with RSV 3, then ping, frame by frame", JsonForm, [text(), frame(TEXT, JsonForm.ping(3), rsv=3), frame(PING)], "reply?", PROTOCOL_ERROR)
case("3.4", "text, then text with RSV 4, then ping, octet by octet", JsonForm, [(text() + frame(TEXT, JsonForm.ping(3), rsv=4) + frame(PING), OCTETS)], "reply?", PROTOCOL_ERROR)
case("3.5", "binary with RSV 5", ProtobufForm, [frame(BINARY, ProtobufForm.ping(2), rsv=5)], PROTOCOL_ERROR)
case("3.6", "ping with RSV 6", JsonForm, [frame(PING, b"Hello", rsv=6)], PROTOCOL_ERROR)
case("3.7", "close with RSV 7", JsonForm, [frame(CLOSE, b"", rsv=7)], PROTOCOL_ERROR)

# 4: opcodes.
for group, kind, first in [("4.1", "non-control", 3), ("4.2", "control", 11)]:
  case(f"{group}.1", f"reserved {kind} opcode {first}", JsonForm, [frame(first)], PROTOCOL_ERROR)
  case(f"{group}.2", f"reserved {kind} opcode {first + 1} with payload", JsonForm, [frame(first + 1, b"payload")], PROTOCOL_ERROR)
  case(f"{group}.3", f"text, then reserved {kind} opcode {first + 2}, then ping", JsonForm, [text() + frame(first + 2) + frame(PING)], "reply?", PROTOCOL_ERROR)
  case(f"{group}.4", f"text, then reserved {kind} opcode {first + 3} with payload, then ping", JsonForm, [text(), frame(first + 3, b"payload"), frame(PING)], "reply?", PROTOCOL_ERROR)
  case(f"{group}.5", f"text, then reserved {kind} opcode {first + 4} with payload, then ping, octet by octet", JsonForm,
       [(text() + frame(first + 4, b"payload") + frame(PING), OCTETS)], "reply?", PROTOCOL_ERROR)

# 5: fragmentation.
MESSAGE = JsonForm.ping(2, b"fragment1fragment2")
TWO = fragments(MESSAGE, [20])
FIVE = fragments(MESSAGE, [6, 6, 6, 6])
PING_BETWEEN = [TWO[0], frame(PING, b"ping payload"), TWO[1]]
case("5.1", "ping in two fragments", JsonForm, [frame(PING, b"fragment1", fin=False) + frame(CONTINUATION, b"fragment2")], PROTOCOL_ERROR)
case("5.2", "pong in two fragments", JsonForm, [frame(PONG, b"fragment1", fin=False) + frame(CONTINUATION, b"fragment2")], PROTOCOL_ERROR)
case("5.3", "text in two fragments", JsonForm, [b"".join(TWO)], "reply")
case("5.4", "text in two fragments, frame by frame", JsonForm, TWO, "reply")
case("5.5", "text in two fragments, octet by octet", JsonForm, [(b"".join(TWO), OCTETS)], "reply")
case("5.6", "text in two fragments, a ping between", JsonForm, [b"".join(PING_BETWEEN)], ("pong", b"ping payload"), "reply")
case("5.7", "text in two fragments, a ping between, frame by frame", JsonForm, PING_BETWEEN, ("pong", b"ping payload"), "reply")
case("5.8", "text in two fragments, a ping between, octet by octet", JsonForm, [(b"".join(PING_BETWEEN), OCTETS)], ("pong", b"ping payload"), "reply")
for number, fin, how in [(9, True, 0), (10, True, 1), (11, True, 2), (12, False, 0), (13, False, 1), (14, False, 2)]:
  frames = [frame(CONTINUATION, b"nothing to continue", fin=fin), text()]
  steps = [[b"".join(frames)], frames, [(b"".join(frames), OCTETS)]][how]
  case(f"5.{number}", f"continuation with FIN {fin} where nothing is to be continued, then text{['', ', frame by frame', ', octet by octet'][how]}", JsonForm, steps, PROTOCOL_ERROR)
case("5.15", "text in two fragments, then continuation without FIN, then text", JsonForm, [b"".join(TWO) + frame(CONTINUATION, b"x", fin=False) + text(number=3)], "reply?", PROTOCOL_ERROR)
case("5.16", "twice: continuation without FIN where nothing is to be continued, then text in two fragments", JsonForm, [frame(CONTINUATION, b"x", fin=False), *TWO] * 2, PROTOCOL_ERROR)
case("5.17", "twice: continuation with FIN where nothing is to be continued, then text in two fragments", JsonForm, [frame(CONTINUATION, b"x"), *TWO] * 2, PROTOCOL_ERROR)
case("5.18", "text in two fragments, both with opcode text", JsonForm, [TWO[0] + frame(TEXT, b"fragment2")], PROTOCOL_ERROR)
PINGS = [*FIVE[:2], frame(PING, b"pongme 1!"), 1, *FIVE[2:4], frame(PING, b"pongme 2!"), FIVE[4]]
case("5.19", "text in five fragments, pings between, a pause", JsonForm, PINGS, ("pong", b"pongme 1!"), ("pong", b"pongme 2!"), "reply")
case("5.20", "text in five fragments, pings between, a pause, frame by frame in chops", JsonForm, [(each, 3) if isinstance(each, bytes) else each for each in PINGS],
     ("pong", b"pongme 1!"), ("pong", b"pongme 2!"), "reply")

# 6: UTF-8. A payload stands between quotes in the JSON text.
GREEK = "κόσμε".encode()
BEFORE, AFTER = b'{"id":2,"ping":{},"x":"', b'"}'


def octet_fragments(message):
  return fragments(message, [1] * (len(message) - 1))


EMPTY = frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False)
HELLO = "Hello-µ@ßöäüàá-UTF-8!!".encode()
case("6.1.1", "text without payload [no command at all: closed with 3501]", JsonForm, [frame(TEXT)], ("close", 3501))
case("6.1.2", "text in three fragments, all empty [closed with 3501]", JsonForm, [EMPTY + frame(CONTINUATION)], ("close", 3501))
case("6.1.3", "text in three fragments, the first and last empty", JsonForm, [frame(TEXT, b"", fin=False) + frame(CONTINUATION, MESSAGE, fin=False) + frame(CONTINUATION)], "reply")
case("6.2.1", "valid UTF-8, unfragmented", JsonForm, [text(HELLO)], "reply")
case("6.2.2", "valid UTF-8, two fragments, parted between characters", JsonForm, fragments(BEFORE + HELLO + AFTER, [len(BEFORE) + 8]), "reply")
case("6.2.3", "valid UTF-8, a fragment for each octet", JsonForm, octet_fragments(BEFORE + HELLO + AFTER), "reply")
case("6.2.4", "valid UTF-8, a fragment for each octet: Greek", JsonForm, octet_fragments(BEFORE + GREEK + AFTER), "reply")
SURROGATE = GREEK + b"\xed\xa0\x80edited"
case("6.3.1", "invalid UTF-8, unfragmented", JsonForm, [text(SURROGATE)], NOT_UTF8)
case("6.3.2", "invalid UTF-8, a fragment for each octet", JsonForm, octet_fragments(BEFORE + SURROGATE + AFTER), NOT_UTF8)
for number, first, second, third, chop in [
    (1, GREEK, b"\xf4\x90\x80\x80", b"edited", False), (2, GREEK + b"\xf4", b"\x90", b"\x80\x80edited", False),
    (3, GREEK, b"\xf4\x90\x80\x80", b"edited", True), (4, GREEK + b"\xf4", b"\x90", b"\x80\x80edited", True)]:
  whole = frame(TEXT, BEFORE + first + second + third + AFTER)
  head = len(whole) - len(second + third + AFTER)
  # The last part is not sent: the server must have failed at the wrong octet.
  steps = [whole[:head], 0.2, whole[head:head + len(second)]] if chop else [frame(TEXT, BEFORE + first, fin=False), 0.2, frame(CONTINUATION, second, fin=False)]
  case(f"6.4.{number}", f"invalid UTF-8 fails at the wrong octet, {'in chops' if chop else 'in fragments'}", JsonForm, steps, NOT_UTF8)


def utf8(group, title, payloads, valid):
  """Whether they are valid; in JSON, U+0000 to U+001F must be escaped, so there a control character closes with 3501."""
  for index, payload in enumerate(payloads):
    good = valid[index] if isinstance(valid, list) else valid
    wanted = NOT_UTF8 if not good else ("close", 3501) if any(byte < 0x20 for byte in payload) else "reply"
    case(f"{group}.{index + 1}", f"{title}: {payload[:24].hex(' ')}", JsonForm, [text(payload)], wanted)


def is_utf8(payload):
  try:
    payload.decode()
    return True
  except UnicodeDecodeError:
    return False


def from_hex(*texts):
  return [bytes.fromhex(each) for each in texts]


CONTINUATIONS = bytes(range(0x80, 0xc0))
PREFIXES = [GREEK[:length] for length in range(1, len(GREEK) + 1)]
utf8("6.5", "valid sequence", ["hello$world".encode(), "hello¢world".encode(), "hello€world".encode(), "hello𤭢world".encode(), GREEK], True)
utf8("6.6", "prefix of a valid string", PREFIXES, [is_utf8(each) for each in PREFIXES])
utf8("6.7", "first possible sequence of its length", from_hex("00", "c280", "e0a080", "f0908080"), True)
utf8("6.8", "first possible sequence of its length, too long", from_hex("f888808080", "fc8480808080"), False)
utf8("6.9", "last possible sequence of its length", from_hex("7f", "dfbf", "efbfbf", "f48fbfbf"), True)
utf8("6.10", "last possible sequence of its length, too high", from_hex("f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"), False)
utf8("6.11", "other boundary", from_hex("ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "f4908080"), [True, True, True, True, False])
utf8("6.12", "unexpected continuation", [CONTINUATIONS[:1], CONTINUATIONS[-1:], *[(b"\x80\xbf" * 3)[:length] for length in range(2, 7)], CONTINUATIONS], False)
utf8("6.13", "lonely start", [b" ".join(bytes([byte]) for byte in range(first, last)) + b" " for first, last in [(0xc0, 0xe0), (0xe0, 0xf0), (0xf0, 0xf8), (0xf8, 0xfc), (0xfc, 0xfe)]], False)
utf8("6.14", "last continuation missing", from_hex("c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"), False)
utf8("6.15", "incomplete sequences in a row", from_hex("c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf"), False)
utf8("6.16", "impossible octet", from_hex("fe", "ff", "fefeffff"), False)
utf8("6.17", "overlong slash", from_hex("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"), False)
utf8("6.18", "highest overlong", from_hex("c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"), False)
utf8("6.19", "overlong NUL", from_hex("c080", "e08080", "f0808080", "f880808080", "fc8080808080"), False)
utf8("6.20", "single surrogate", from_hex("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"), False)
utf8("6.21", "paired surrogates", from_hex("eda080edb080", "eda080edbfbf", "edadbfedb080", "edadbfedbfbf", "edae80edb080", "edae80edbfbf", "edafbfedb080", "edafbfedbfbf"), False)
utf8("6.22", "non-character", [chr(plane << 16 | low).encode() for plane in range(17) for low in (0xfffe, 0xffff)], True)
utf8("6.23", "special", [chr(code).encode() for code in (0xfff9, 0xfffa, 0xfffb, 0xfffc, 0xfffd, 0xfffe, 0xffff)], True)

# 7: close.
BIG = JsonForm.ping(2, b"*" * 60000)
case("7.1.1", "message, then close", JsonForm, [text(), close(1000)], "reply", ("close", 1000))
case("7.1.2", "two closes", JsonForm, [close(1000) + close(1000)], ("close", 1000))
case("7.1.3", "ping after close", JsonForm, [close(1000) + frame(PING)], ("close", 1000))
case("7.1.4", "text after close", JsonForm, [close(1000) + text()], ("close", 1000))
case("7.1.5", "close between two fragments", JsonForm, [TWO[0] + close(1000) + TWO[1]], ("close", 1000))
case("7.1.6", "long message, then close, then ping [60,000 octets]", JsonForm, [frame(TEXT, BIG) + close(1000) + frame(PING)], "reply?", ("close", 1000))
case("7.3.1", "close without payload", JsonForm, [close()], ("close", None))
case("7.3.2", "close with a payload of 1 octet", JsonForm, [frame(CLOSE, b"a")], PROTOCOL_ERROR)
case("7.3.3", "close with a code", JsonForm, [close(1000)], ("close", 1000))
case("7.3.4", "close with a code and a reason", JsonForm, [close(1000, b"Hello World!")], ("close", 1000))
case("7.3.5", "close with the longest reason", JsonForm, [close(1000, b"*" * 123)], ("close", 1000))
case("7.3.6", "close with a reason that is too long", JsonForm, [close(1000, b"*" * 124)], PROTOCOL_ERROR)
case("7.5.1", "close with a reason that is no UTF-8", JsonForm, [close(1000, SURROGATE)], ("close", 1007, 1002))
VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
for index, code in enumerate(VALID_CODES):
  case(f"7.7.{index + 1}", f"close with valid code {code}", JsonForm, [close(code)], ("close", code, 1000))
for index, code in enumerate([0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]):
  case(f"7.9.{index + 1}", f"close with invalid code {code}", JsonForm, [close(code)], PROTOCOL_ERROR)
for index, code in enumerate([5000, 65535]):
  case(f"7.13.{index + 1}", f"close with code {code}, which nobody has defined", JsonForm, [close(code)], ("close", code, 1000, 1002))

# 9: sizes. The gateway takes messages of up to 64 KiB: more is refused with 1009 as soon as the length is known.
KIB, MIB = 1 << 10, 1 << 20
for group, form, fill in [("9.1", JsonForm, b"*"), ("9.2", ProtobufForm, b"\xfe")]:
  case(f"{group}.1", "message of 64 KiB", form, [frame(form.opcode, sized(form, 2, 64 * KIB, fill) or sized(form, 2, 64 * KIB - 1, fill))], "reply")
  for index, size in enumerate([256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB]):
    case(f"{group}.{index + 2}", f"message of {size // KIB} KiB [refused]", form, [frame(form.opcode, form.ping(2, fill * size))[:14]], TOO_BIG)
for group, form, fill in [("9.3", JsonForm, b"*"), ("9.4", ProtobufForm, b"\xfe")]:
  for index, size in enumerate([64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB]):
    # 100 fragments at most: a client may send 50 frames a second and 200 at once.
    whole = min(64 * KIB, size * 100)
    message = sized(form, 2, whole, fill) or sized(form, 2, whole - 1, fill)
    case(f"{group}.{index + 1}", f"fragments of {size} octets [a message of {len(message)}]", form, [b"".join(fragments(message, [size] * (len(message) // size - 1), form.opcode))], "reply")
for group, form, fill in [("9.5", JsonForm, b"*"), ("9.6", ProtobufForm, b"\xfe")]:
  for index, chop in enumerate([64, 128, 256, 512, KIB, 2 * KIB]):
    message = sized(form, 2, 64 * KIB, fill) or sized(form, 2, 64 * KIB - 1, fill)
    case(f"{group}.{index + 1}", f"message of 64 KiB in chops of {chop} octets", form, [(frame(form.opcode, message), chop)], "reply")
for group, form, fill in [("9.7", JsonForm, b"*"), ("9.8", ProtobufForm, b"\xfe")]:
  for index, size in enumerate([0, 16, 64, 256, KIB, 4 * KIB]):
    case(f"{group}.{index + 1}", f"100 messages with {size} octets of payload [of 1000]", form, [frame(form.opcode, form.ping(number, fill * size)) for number in range(2, 102)], *["reply"] * 100)

# 10: others.
case("10.1.1", "message of 65536 octets in fragments of 1300", JsonForm, [b"".join(fragments(sized(JsonForm, 2, 65536), [1300] * 50))], "reply")
