#!/usr/bin/env python3
"""Runs the cases against a gateway. usage: run.py --host HOST --port PORT --tokens FILE [CASE...]

--tokens: a file with one user token a line: one of a hundred is used by each case, so that no user has too many connections. CASE: "6.4" runs all of 6.4 only.
Prints TAP lines; status 1 when a case failed."""
import argparse
import itertools
import socket
import struct
import sys
import time

from cases import CASES
from client_protocol import JsonForm, ProtobufForm
from peer import CLOSE, PING, PONG, Closed, HandshakeRefused, Peer, frame


class Failed(Exception):
  """What came is not what was wanted."""


def receive(peer, form):
  """("reply", n), ("pong", payload), ("close", code or None) of what the server sends next."""
  while True:
    got = peer.receive()
    if got.masked or got.rsv or not got.fin and got.opcode >= 8:
      raise Failed(f"a frame that a server must not send: {got}")
    if got.opcode == PONG:
      yield ("pong", got.payload)
    elif got.opcode == CLOSE:
      yield ("close", struct.unpack("!H", got.payload[:2])[0] if got.payload else None)
      return
    elif got.opcode == PING:
      peer.send(frame(PONG, got.payload))
    elif got.opcode == form.opcode:
      for number, error in form.replies(got.payload):
        if error:
          raise Failed(f"reply {number} is an error")
        yield ("reply", number)
    else:
      raise Failed(f"opcode {got.opcode}")


def matches(got, wanted):
  if wanted in ("reply", "reply?"):
    return got[0] == "reply"
  if wanted[0] == "close":
    return got[0] == "close" and got[1] in wanted[1:]
  return got == wanted


def next_of(received):
  try:
    return next(received)
  except (Closed, StopIteration):
    return ("the end of the connection",)
  except socket.timeout:
    return ("nothing",)


def check_all(received, wanted):
  wanted = list(wanted)
  while wanted:
    got = next_of(received)
    if wanted[0] == "reply?" and not matches(got, "reply"):
      wanted.pop(0)
    want = wanted.pop(0)
    if not matches(got, want):
      raise Failed(f"{got}, want {want}")


def check_end(peer):
  """After a close frame: nothing but the end, and the server ends the connection."""
  try:
    while True:
      got = peer.receive()
      raise Failed(f"a frame after close: {got}")
  except Closed:
    pass
  except socket.timeout as error:
    raise Failed("the connection is still open 5 s after close") from error


def write(peer, steps):
  try:
    for step in steps:
      if isinstance(step, tuple):
        peer.send(*step)
      else:
        time.sleep(step)
  except (BrokenPipeError, ConnectionResetError):
    pass  # The server has had enough: what it said before is what counts.


def run(host, port, token, form, steps, wanted):
  peer = Peer(host, port, subprotocol=form.subprotocol)
  try:
    received = receive(peer, form)
    peer.send(frame(form.opcode, form.connect(token)))
    check_all(received, ("reply",))
    write(peer, steps)
    check_all(received, wanted)
    if not wanted or wanted[-1][0] != "close":
      write(peer, [(frame(CLOSE, struct.pack("!H", 1000)), 0)])
      check_all(received, (("close", 1000),))
    elif wanted[-1][1] != 1000:
      write(peer, [(frame(CLOSE, struct.pack("!H", 1000)), 0)])
    check_end(peer)
  finally:
    peer.close()


def main():
  parser = argparse.ArgumentParser()
  parser.add_argument("--host", default="127.0.0.1")
  parser.add_argument("--port", type=int, required=True)
  parser.add_argument("--tokens", required=True)
  parser.add_argument("cases", nargs="*")
  flags = parser.parse_args()
  with open(flags.tokens, encoding="ascii") as file:
    tokens = itertools.cycle(file.read().split())
  failed = 0
  for number, title, form, steps, wanted in CASES:
    if flags.cases and not any(f"{number}.".startswith(f"{each}.") for each in flags.cases):
      continue
    try:
      run(flags.host, flags.port, next(tokens), form, steps, wanted)
      print(f"ok - websocket {number}: {title}")
    except (Failed, Closed, AssertionError, HandshakeRefused, OSError) as error:
      failed += 1
      print(f"# {type(error).__name__}: {error}")
      print(f"not ok - websocket {number}: {title}")
    sys.stdout.flush()
  return 1 if failed else 0


if __name__ == "__main__":
  sys.exit(main())
