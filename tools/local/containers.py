#!/usr/bin/env python3
"""Runs a compose file with podman itself, or hands it to `docker compose`.

Debian's podman-compose (1.0.3) starts a service before those that it waits for are healthy or done, and podman knows other containers by name only with a
plug-in that Debian's lacks. So with podman each container gets a fixed address, and the others' in its hosts file.
"""

import argparse
import ipaddress
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import time

import compose_file
import logs

HEALTH_PAUSE = 0.5
STARTS_MAX = 4


class Failure(Exception):
    """What went wrong, for one line."""


def seconds(text, default):
    """"1m30s" -> 90.0"""
    if text is None:
        return default
    parts = re.findall(r"([0-9.]+)(ms|s|m|h)", text)
    return sum(float(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit] for number, unit in parts)


def run(command, check=True, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False, **options)
    if check and done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failure(f"{' '.join(command[:2])} ... {command[-1]}: {words[-1] if words else 'exit status ' + str(done.returncode)}")
    return done


class Podman:
    """Containers <project>_<service> on a network <project>_platform, with volumes <project>_<name>."""

    def __init__(self, document, project):
        self.document, self.project = document, project
        self.services = document["services"]
        self.command = ["podman"]
        # Where both are, crun is the engine's choice; in a container that has no cgroups of its own only runc works.
        if shutil.which("runc") and not shutil.which("crun"):
            self.command += ["--runtime", "runc"]
        # Health is asked for here: without systemd podman has no timer for it.
        self.environment = {**os.environ, "DISABLE_HC_SYSTEMD": "true"}

    def podman(self, *words, check=True):
        return run(self.command + list(words), check=check, env=self.environment)

    def container(self, service):
        return f"{self.project}_{service}"

    def addresses(self):
        """Service -> address, the same at each start: those of the network from the tenth on, in the order of the file."""
        network = json.loads(self.podman("network", "inspect", f"{self.project}_platform").stdout)[0]
        subnet = network["subnets"][0]["subnet"] if "subnets" in network else network["plugins"][0]["ipam"]["ranges"][0][0]["subnet"]
        first = ipaddress.ip_network(subnet).network_address + 10
        return {name: str(first + i) for i, name in enumerate(self.services)}

    def arguments(self, name, addresses, detached=True):
        """Of `podman run`, up to the image's own."""
        service = self.services[name]
        words = ["run", "--pull=missing", "--label", f"trivium.project={self.project}", "--label", f"trivium.service={name}"]
        if detached:
            words += ["--detach", "--name", self.container(name), "--ip", addresses[name], "--restart", service.get("restart", "no")]
        else:
            words += ["--rm", "--interactive"]
        words += ["--read-only-tmpfs=false", "--log-driver", "k8s-file", "--log-opt", "max-size=64mb"]
        words += self.network_arguments(name, service, addresses)
        words += self.process_arguments(service) + self.file_arguments(service)
        if detached:
            words += self.health_arguments(service.get("healthcheck"))
            for port in service.get("ports", []):
                words += ["--publish", port]
        return words + self.program(service)

    def network_arguments(self, name, service, addresses):
        mode = service.get("network_mode", "")
        if mode.startswith("service:"):  # Another one's network, with its names.
            return ["--network", f"container:{self.container(mode[len('service:'):])}"]
        words = ["--network", f"{self.project}_platform", "--hostname", service.get("hostname", name)]
        for other, address in addresses.items():
            words += ["--add-host", f"{other}:{address}"]
        return words

    @staticmethod
    def process_arguments(service):
        words = ["--stop-timeout", str(int(seconds(service.get("stop_grace_period"), 10)))]
        words += ["--user", service["user"]] if "user" in service else []
        words += ["--read-only"] if service.get("read_only") else []
        for capability in service.get("cap_drop", []):
            words += ["--cap-drop", capability]
        for option in service.get("security_opt", []):
            words += ["--security-opt", "no-new-privileges" if option.startswith("no-new-privileges") else option]
        for key, value in service.get("environment", {}).items():
            words += ["--env", f"{key}={value}"]
        # Not more than this process may have: an engine inside a container cannot raise a limit.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = service.get("ulimits", {}).get("nofile", {"soft": hard, "hard": hard})
        words += ["--ulimit", f"nofile={min(files['soft'], hard)}:{min(files['hard'], hard)}"]
        processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        if processes != resource.RLIM_INFINITY:
            words += ["--ulimit", f"nproc={min(processes, 4096)}:{min(processes, 4096)}"]
        return words

    def file_arguments(self, service):
        words = []
        for path in service.get("tmpfs", []):
            words += ["--tmpfs", f"{path}:mode=1777"]
        for volume in service.get("volumes", []):
            source, rest = volume.split(":", 1)
            if source.startswith((".", "/")):
                words += ["--volume", f"{os.path.normpath(os.path.join(self.document['folder'], source))}:{rest}"]
            else:
                words += ["--volume", f"{self.project}_{source}:{rest}"]
        for secret, target in compose_file.secrets(service).items():
            path = os.path.join(self.document["folder"], self.document["secrets"][secret]["file"])
            words += ["--volume", f"{os.path.normpath(path)}:/run/secrets/{target}:ro"]
        return words

    @staticmethod
    def health_arguments(health):
        if not health:
            return []
        test = health["test"]
        # Words for the container's shell: podman 4.3 takes no list.
        command = test[1] if test[0] == "CMD-SHELL" else shlex.join(test[1:])
        return ["--health-cmd", command, "--health-interval", "disable", "--health-timeout", health.get("timeout", "30s")]

    @staticmethod
    def program(service):
        words = []
        entry = service.get("entrypoint")
        command = list(service.get("command", []))
        if entry:
            words += ["--entrypoint", json.dumps(entry)]
        return words + [service["image"]] + command

    def wanted(self):
        """What `up` starts: services without a profile."""
        return [name for name in compose_file.start_order(self.services) if not self.services[name].get("profiles")]

    def inspect(self, name):
        done = self.podman("container", "inspect", self.container(name), check=False)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None

    def is_healthy(self, name):
        health = self.podman("healthcheck", "run", self.container(name), check=False)
        return health.returncode == 0

    def has_health(self, name):
        """Whether anybody asks: the file or the image says how."""
        state = self.inspect(name)
        return bool(state and state["Config"].get("Healthcheck"))

    def last_words(self, name):
        said = self.podman("logs", "--tail", "3", self.container(name), check=False)
        lines = [line for text in (said.stdout, said.stderr) for line in text.splitlines() if line.strip()]
        return (lines or ["it wrote nothing"])[-1][:300]

    def await_healthy(self, name, limit):
        end = time.monotonic() + limit
        while not self.is_healthy(name):
            state = self.inspect(name)
            if state is None or state["State"]["Status"] == "exited" or state.get("RestartCount", 0) >= STARTS_MAX:
                raise Failure(f"{name} does not stay: {self.last_words(name)}")
            if time.monotonic() > end:
                raise Failure(f"{name} was not healthy after {limit:.0f} s: {self.last_words(name)}")
            time.sleep(HEALTH_PAUSE)

    def await_condition(self, name, condition):
        if condition == "service_completed_successfully":
            code = self.podman("wait", self.container(name)).stdout.strip()
            if code != "0":
                raise Failure(f"{name} ended with status {code}: {self.last_words(name)}")
        elif condition == "service_healthy":
            limit = seconds(self.services[name].get("healthcheck", {}).get("start_period"), 60.0)
            self.await_healthy(name, max(120.0, limit))

    def start(self, name, addresses):
        """A container that runs with the same arguments stays; another is made anew."""
        words = self.arguments(name, addresses)
        image = json.loads(self.podman("image", "inspect", self.services[name]["image"], check=False).stdout or "[]")
        stamp = json.dumps([words, image[0]["Id"] if image else ""])
        state = self.inspect(name)
        task = self.services[name].get("restart", "no") == "no"
        if state and not task and state["State"]["Status"] == "running" and state["Config"]["Labels"].get("trivium.stamp") == stamp:
            return
        if state:
            self.podman("rm", "--force", "--time", words[words.index("--stop-timeout") + 1], self.container(name))
        self.podman(words[0], "--label", f"trivium.stamp={stamp}", *words[1:])

    def up(self, say):
        if self.podman("network", "exists", f"{self.project}_platform", check=False).returncode != 0:
            self.podman("network", "create", "--label", f"trivium.project={self.project}", f"{self.project}_platform")
        addresses = self.addresses()
        ready = set()
        for name in self.wanted():
            begin = time.monotonic()
            for other, condition in compose_file.dependencies(self.services[name]).items():
                if (other, condition) in ready:
                    continue
                self.await_condition(other, condition)
                ready.add((other, condition))
                say(f"{other:12} {'done' if condition == 'service_completed_successfully' else 'ready'} ({time.monotonic() - begin:.1f} s)")
            self.start(name, addresses)
        for name in self.wanted():
            if (name, "service_healthy") in ready or self.services[name].get("restart", "no") == "no" or not self.has_health(name):
                continue
            self.await_healthy(name, 120.0)
            say(f"{name:12} ready")

    def containers(self):
        done = self.podman("ps", "--all", "--quiet", "--filter", f"label=trivium.project={self.project}")
        return done.stdout.split()

    def down(self, volumes):
        order = [self.container(name) for name in reversed(compose_file.start_order(self.services)) if self.inspect(name)]
        for name in order:
            self.podman("stop", name, check=False)
        found = self.containers()
        if found:
            self.podman("rm", "--force", *found)
        self.podman("network", "rm", "--force", f"{self.project}_platform", check=False)
        if volumes:
            for name in self.document.get("volumes") or {}:
                self.podman("volume", "rm", "--force", f"{self.project}_{name}", check=False)

    def status(self):
        rows = []
        for name in self.wanted():
            state = self.inspect(name)
            task = self.services[name].get("restart", "no") == "no"
            row = {"service": name, "state": "missing", "ready": False, "container": self.container(name), "pid": None, "restarts": 0, "image": ""}
            if state:
                row["state"] = state["State"]["Status"]
                row["pid"] = state["State"].get("Pid") or None
                row["restarts"] = state.get("RestartCount", 0)
                row["image"] = state["ImageName"]
                running = row["state"] == "running"
                if task:
                    row["ready"] = row["state"] == "exited" and state["State"]["ExitCode"] == 0
                else:
                    row["ready"] = running and (not state["Config"].get("Healthcheck") or self.is_healthy(name))
            rows.append(row)
        return rows

    def log_command(self, name, words):
        return self.command + ["logs"] + words + [self.container(name)]

    def run_task(self, name, arguments):
        words = self.arguments(name, self.addresses(), detached=False)
        os.execvpe(self.command[0], self.command + words + arguments, self.environment)


class Docker:
    """`docker compose` does it all."""

    def __init__(self, document, project, files, env_file):
        self.document, self.services, self.project = document, document["services"], project
        self.command = ["docker", "compose", "--project-name", project, "--env-file", env_file]
        for path in files:
            self.command += ["--file", path]

    def up(self, say):
        say("docker compose up")
        if subprocess.call(self.command + ["up", "--detach", "--quiet-pull"]) != 0:
            raise Failure("docker compose up failed (above)")
        end = time.monotonic() + 120
        while True:
            waiting = [row["service"] for row in self.status() if not row["ready"]]
            if not waiting:
                return
            if time.monotonic() > end:
                raise Failure(f"not healthy after 120 s: {', '.join(waiting)}")
            time.sleep(HEALTH_PAUSE)

    def down(self, volumes):
        run(self.command + ["--profile", "day", "down", "--remove-orphans"] + (["--volumes"] if volumes else []))

    def status(self):
        rows = []
        for name in (name for name, service in self.services.items() if not service.get("profiles")):
            row = {"service": name, "state": "missing", "ready": False, "container": "", "pid": None, "restarts": 0, "image": ""}
            found = run(self.command + ["ps", "--all", "--quiet", name], check=False).stdout.split()
            if found:
                state = json.loads(run(["docker", "container", "inspect", found[0]]).stdout)[0]
                row.update(state=state["State"]["Status"], container=state["Name"].lstrip("/"), pid=state["State"]["Pid"] or None,
                           restarts=state["RestartCount"], image=state["Config"]["Image"])
                if self.services[name].get("restart", "no") == "no":
                    row["ready"] = row["state"] == "exited" and state["State"]["ExitCode"] == 0
                else:
                    row["ready"] = row["state"] == "running" and state["State"].get("Health", {"Status": "healthy"})["Status"] == "healthy"
            rows.append(row)
        return rows

    def log_command(self, name, words):
        return self.command + ["logs", "--no-log-prefix"] + words + [name]

    def run_task(self, name, arguments):
        os.execvp("docker", self.command + ["--profile", "day", "run", "--rm", "--no-deps", "-T", name] + arguments)


def print_table(rows):
    table = [["service", "state", "ready", "pid", "restarts", "image"]]
    for row in rows:
        table.append([row["service"], row["state"], "yes" if row["ready"] else "no", str(row["pid"] or "-"), str(row["restarts"]), row["image"]])
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def print_status(engine, as_json):
    rows = engine.status()
    if as_json:
        print(json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "services": rows}, indent=2))
    else:
        print_table(rows)
    return 0 if all(row["ready"] for row in rows) else 1


def log_lines(engine, name, words):
    """Lines as they come. Services write to standard output; what is not ours, to either."""
    with subprocess.Popen(engine.log_command(name, words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, errors="replace") as child:
        yield from child.stdout


def print_logs(engine, options):
    if options.trace:
        found = [line for name in engine.services for line in log_lines(engine, name, []) if options.trace in line]
        for line in sorted(found, key=logs.time_of):
            print(logs.show(line, options.json))
        return 0 if found else 1
    if not options.service:
        raise Failure(f"which service? There are: {', '.join(engine.services)}")
    for line in log_lines(engine, options.service, ["--tail", str(options.lines)] + (["--follow"] if options.follow else [])):
        print(logs.show(line, options.json), flush=options.follow)
    return 0


def flags():
    parser = argparse.ArgumentParser(prog="containers", description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=["podman", "docker"], required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--env_file", required=True)
    parser.add_argument("--file", action="append", required=True, help="a compose file; later ones go over earlier ones")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up")
    commands.add_parser("down").add_argument("--volumes", action="store_true", help="and delete all data")
    commands.add_parser("status").add_argument("--json", action="store_true")
    log = commands.add_parser("logs")
    log.add_argument("service", nargs="?")
    log.add_argument("-f", "--follow", action="store_true", help="go on as lines come")
    log.add_argument("-n", "--lines", type=int, default=200, help="how many of the last lines (default: 200)")
    log.add_argument("--json", action="store_true", help="lines as they were written")
    log.add_argument("--trace", metavar="ID", help="all services' lines of one trace")
    task = commands.add_parser("run", help="a one-shot service, with arguments")
    task.add_argument("service")
    task.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def main():
    options = flags()
    document = compose_file.load(options.file, compose_file.read_variables(options.env_file))
    if options.engine == "docker":
        engine = Docker(document, options.project, options.file, options.env_file)
    else:
        engine = Podman(document, options.project)
    if getattr(options, "service", None) and options.service not in engine.services:
        raise Failure(f"'{options.service}' is no service; there are: {', '.join(engine.services)}")
    if options.command == "up":
        begin = time.monotonic()
        engine.up(lambda text: print(f"{time.monotonic() - begin:4.0f} s  {text}", flush=True))
    elif options.command == "down":
        engine.down(options.volumes)
    elif options.command == "status":
        return print_status(engine, options.json)
    elif options.command == "logs":
        return print_logs(engine, options)
    else:
        engine.run_task(options.service, options.arguments)
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except (Failure, compose_file.ComposeError) as error:
        print(f"trv: {error}", file=sys.stderr)
        raise SystemExit(1)
    except (KeyboardInterrupt, BrokenPipeError):
        raise SystemExit(130)
