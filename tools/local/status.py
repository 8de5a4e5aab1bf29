#!/usr/bin/env python3
"""trv status: what runs, as a table or JSON. Exit status 0 when everything runs and is ready, else 1."""

import argparse
import json
import os
import re
import time
import urllib.error
import urllib.request

# Service, its first port, then how to ask whether it is ready: a port and a path, or only a port that must accept.
SERVICES = [
    ("control", 0, (2, "/readyz")),
    ("payment", 10, (11, "/readyz")),
    ("push", 80, (81, "/readyz")),
    ("live", 95, (96, "/readyz")),
    ("gateway", 92, (91, "/readyz")),
    ("ops", 20, (21, "/readyz")),
    ("sandbox", 30, (30, "/healthz")),
    ("mariadb", 40, None),
    ("redis", 70, None),
    ("kafka", 50, None),
    ("prometheus", 60, (60, "/-/ready")),
]
# With two instances of each: where the first listens itself when the edge has its usual port, and the second one, as above.
FIRST = {"control": 3, "gateway": 93}
SECOND = {"control": (5, 7), "payment": (14, 15), "push": (82, 83), "live": (84, 85), "gateway": (94, 87), "ops": (24, 25)}
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def http_get(port, path):
    """Body of an answer 200, else None."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return answer.read(65536).decode("utf-8", "replace")
    except (OSError, urllib.error.URLError):
        return None


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def listens(port):
    """Whether something listens on 127.0.0.1:port (state 0A in the kernel's table)."""
    wanted = f":{port:04X}"
    rows = (line.split() for name in ("tcp", "tcp6") for line in read(f"/proc/net/{name}").splitlines())
    return any(len(row) > 3 and row[3] == "0A" and row[1].endswith(wanted) for row in rows)


def services_of(instances):
    """Rows as in SERVICES for one or two instances of each service."""
    if instances < 2:
        return SERVICES
    rows = []
    for name, offset, probe in SERVICES:
        rows.append((name, FIRST.get(name, offset), probe))
        if name in SECOND:
            port, admin = SECOND[name]
            rows.append((f"{name}-2", port, (admin, "/readyz")))
        if name == "ops":
            rows.append(("edge", 92, None))
    return rows


def instances_of(home):
    match = re.search(r"^TRIVIUM_INSTANCES=2$", read(f"{home}/env"), re.MULTILINE)
    return 2 if match else 1


def supervised_pid(folder):
    """Pid of a service that runs under the supervisor, else None."""
    if not read(f"{folder}/supervise/stat").startswith("run"):
        return None
    text = read(f"{folder}/supervise/pid").strip()
    return int(text) if text and os.path.isdir(f"/proc/{text}") else None


def uptime_seconds(pid):
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    boot = float(read("/proc/uptime").split()[0])
    return max(0, int(boot - int(fields[19]) / CLOCK_TICKS)) if fields else 0


def memory_mib(pid):
    match = re.search(r"^VmRSS:\s+(\d+) kB", read(f"/proc/{pid}/status"), re.MULTILINE)
    return int(match.group(1)) // 1024 if match else 0


def version_of(name, ready_port):
    """What the service says on /version; the version of other people's programs is not asked for."""
    if name.removesuffix("-2") not in SECOND:
        return ""
    body = http_get(ready_port, "/version") or ""
    try:
        value = json.loads(body)
        return str(value.get("version", "")) if isinstance(value, dict) else str(value)
    except ValueError:
        return body.strip().splitlines()[0] if body.strip() else ""


def status_of(home, base, name, offset, probe):
    folder = f"{home}/sv/{name}"
    pid = supervised_pid(folder)
    row = {"service": name, "pid": pid, "ready": False, "port": base + offset if base else None,
           "uptime_s": 0, "memory_mib": 0, "version": "", "crashes": int(read(f"{folder}/crashes").strip() or 0)}
    if pid is None:
        row["state"] = "waits to restart" if read(f"{folder}/supervise/stat").startswith("finish") else "down"
        return row
    row["state"] = "runs"
    row["ready"] = listens(base + offset) if probe is None else http_get(base + probe[0], probe[1]) is not None
    row["uptime_s"], row["memory_mib"] = uptime_seconds(pid), memory_mib(pid)
    row["version"] = version_of(name, base + probe[0]) if probe else ""
    return row


def show_duration(seconds):
    if seconds >= 86400:
        return f"{seconds // 86400} d {seconds % 86400 // 3600} h"
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"


def print_table(rows):
    header = ["service", "pid", "ready", "port", "uptime", "memory", "version", ""]
    table = [header]
    for row in rows:
        note = "" if row["state"] == "runs" else row["state"]
        if row["crashes"] and row["uptime_s"] < 300:
            note = f"{note} crashed {row['crashes']} x; ./trv logs {row['service']}".strip()
        runs = row["pid"] is not None
        table.append([row["service"], str(row["pid"] or "-"), "yes" if row["ready"] else "no", str(row["port"] or "-"),
                      show_duration(row["uptime_s"]) if runs else "-", f"{row['memory_mib']} MiB" if runs else "-",
                      row["version"] or "-", note])
    widths = [max(len(line[i]) for line in table) for i in range(len(header))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def main():
    parser = argparse.ArgumentParser(prog="trv status")
    parser.add_argument("--home", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--port_base", type=int, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    rows = [status_of(options.home, options.port_base, *service) for service in services_of(instances_of(options.home))]
    if options.json:
        print(json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "services": rows}, indent=2))
    else:
        print_table(rows)
    return 0 if all(row["ready"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
