#!/usr/bin/env python3
"""trv logs: a service's lines, or all services' lines of one trace in time order."""

import argparse
import difflib
import glob
import heapq
import json
import os
import re
import sys
import time

import status

SERVICES = [name for name, *_ in status.services_of(2)] + ["school-day"]
USUAL = ("time", "level", "service", "instance", "message")


def json_files(home, service):
    """Rotated files of a JSON log, oldest first: payment.log.2, payment.log.1, payment.log."""
    base = f"{home}/log/{service}.log"
    rotated = sorted(glob.glob(f"{base}.[0-9]*"), key=lambda name: -int(name.rsplit(".", 1)[1]))
    return rotated + ([base] if os.path.exists(base) else [])


def show(line, raw):
    """A JSON line as a person reads it; other lines as they are."""
    line = line.rstrip("\n")
    if raw:
        return line
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict):
        return line
    rest = " ".join(f"{key}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                    for key, value in entry.items() if key not in USUAL and value not in ("", None))
    return f"{entry.get('time', '')} {entry.get('level', '').upper():7} {entry.get('service', ''):8} {entry.get('message', '')}  {rest}".rstrip()


def lines_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        yield from file


def time_of(line):
    match = re.search(r'"time":\s*"([^"]*)"', line)
    return match.group(1) if match else ""


def with_trace(path, trace):
    for line in lines_of(path):
        if trace in line:
            yield time_of(line), line


def print_trace(home, trace, raw):
    """Each file is in time order already: merging them keeps little in memory."""
    files = [path for name in SERVICES for path in json_files(home, name)]
    found = 0
    for _, line in heapq.merge(*(with_trace(path, trace) for path in files), key=lambda pair: pair[0]):
        print(show(line, raw))
        found += 1
    if not found:
        print(f"trv logs: no line has the trace {trace}; it may be older than the logs that are kept", file=sys.stderr)
    return 0 if found else 1


def tail(path, count):
    return list(lines_of(path))[-count:] if os.path.exists(path) else []


def follow(paths, raw):
    """Prints what is appended; a rotated file is opened anew."""
    opened = {}
    for path in paths:
        if os.path.exists(path):
            opened[path] = open(path, encoding="utf-8", errors="replace")
            opened[path].seek(0, os.SEEK_END)
    while True:
        for path in paths:
            file = opened.get(path)
            if file:
                for line in file:
                    print(show(line, raw), flush=True)
            if os.path.exists(path) and (not file or os.fstat(file.fileno()).st_ino != os.stat(path).st_ino):
                opened[path] = open(path, encoding="utf-8", errors="replace")
        time.sleep(0.3)


def print_service(home, service, options):
    """What the service wrote to its log, and what its process wrote to standard error (crashes, refusals at the start)."""
    log, errors = f"{home}/log/{service}.log", f"{home}/log/{service}/current"
    if not os.path.exists(log) and not os.path.exists(errors):
        print(f"trv logs: {service} has written nothing yet", file=sys.stderr)
        return 1
    for line in tail(errors, 20 if os.path.exists(log) else options.lines) + tail(log, options.lines):
        print(show(line, options.json))
    sys.stdout.flush()
    if options.follow:
        follow([log, errors], options.json)
    return 0


def main():
    parser = argparse.ArgumentParser(prog="trv logs")
    parser.add_argument("service", nargs="?", help="one of: " + ", ".join(SERVICES))
    parser.add_argument("--home", required=True, help=argparse.SUPPRESS)
    parser.add_argument("-f", "--follow", action="store_true", help="go on as lines come")
    parser.add_argument("-n", "--lines", type=int, default=200, help="how many of the last lines (default: 200)")
    parser.add_argument("--json", action="store_true", help="lines as they were written")
    parser.add_argument("--trace", metavar="ID", help="all services' lines of one trace")
    options = parser.parse_args()
    if options.trace:
        if not re.fullmatch(r"[0-9a-f]{8,32}", options.trace):
            parser.error(f"--trace {options.trace}: want the trace id, 32 hexadecimal digits in lower case")
        return print_trace(options.home, options.trace, options.json)
    options.service = (options.service or "").removesuffix("-1")  # payment-1 is what its folder calls payment.
    if options.service not in SERVICES:
        nearest = difflib.get_close_matches(options.service or "", SERVICES, 1, 0.5)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
        parser.error(f"which service? '{options.service or ''}' is none{hint} There are: {', '.join(SERVICES)}")
    return print_service(options.home, options.service, options)


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except (KeyboardInterrupt, BrokenPipeError):
        raise SystemExit(130)
