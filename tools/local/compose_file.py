"""A compose file as far as deploy/compose uses the format: variables, several files, and no key that would be silently ignored."""

import os
import re

import yaml

SERVICE_KEYS = {"image", "command", "entrypoint", "environment", "volumes", "secrets", "depends_on", "healthcheck", "ports", "networks", "restart",
                "user", "read_only", "cap_drop", "security_opt", "stop_grace_period", "ulimits", "tmpfs", "hostname", "profiles", "network_mode"}
TOP_KEYS = {"name", "services", "networks", "volumes", "secrets"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
# Replaced as a whole by a later file; other lists grow.
REPLACED = {"command", "entrypoint", "test"}
VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?])([^}]*))?\})")


class ComposeError(Exception):
    """What is wrong with a file, as one sentence."""


def expand(text, variables):
    """${NAME}, ${NAME:-default}, ${NAME:?message}; "$$" is a plain "$"."""

    def value(match):
        dollar, name, operator, word = match.groups()
        if dollar:
            return "$"
        found = variables.get(name)
        if found or (found is not None and operator in ("-", "?")):
            return found
        if operator in ("-", ":-"):
            return expand(word, variables)
        if operator in ("?", ":?"):
            raise ComposeError(f"{name} is not set{': ' + word if word else ''}")
        return ""

    return VARIABLE.sub(value, text)


def expand_all(node, variables):
    if isinstance(node, str):
        return expand(node, variables)
    if isinstance(node, list):
        return [expand_all(entry, variables) for entry in node]
    if isinstance(node, dict):
        return {key: expand_all(entry, variables) for key, entry in node.items()}
    return node


def volume_target(volume):
    return volume.split(":")[1] if isinstance(volume, str) else volume["target"]


def merge(base, more, key=""):
    """A later file over an earlier one: maps are merged, volumes by where they lie in the container, lists grow."""
    if isinstance(base, dict) and isinstance(more, dict):
        merged = dict(base)
        for name, entry in more.items():
            merged[name] = merge(base[name], entry, name) if name in base else entry
        return merged
    if isinstance(base, list) and isinstance(more, list) and key not in REPLACED:
        if key == "volumes":
            targets = {volume_target(volume) for volume in more}
            base = [volume for volume in base if volume_target(volume) not in targets]
        return base + [entry for entry in more if entry not in base]
    return more


def read_variables(path):
    """An env file: NAME=value lines. What the environment has goes before."""
    variables = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, equals, value = line.partition("=")
            if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ComposeError(f"{path}:{number}: '{line}', want NAME=value")
            variables[name] = value
    return {**variables, **os.environ}


def check(document):
    for key in document:
        if key not in TOP_KEYS and not key.startswith("x-"):
            raise ComposeError(f"{key}: not known here, want one of {', '.join(sorted(TOP_KEYS))}")
    for name, service in document["services"].items():
        for key in service:
            if key not in SERVICE_KEYS:
                raise ComposeError(f"services.{name}.{key}: not known here, want one of {', '.join(sorted(SERVICE_KEYS))}")
        if "image" not in service:
            raise ComposeError(f"services.{name}: has no image")
        for other, how in dependencies(service).items():
            if other not in document["services"]:
                raise ComposeError(f"services.{name}.depends_on: {other} is no service")
            if how not in CONDITIONS:
                raise ComposeError(f"services.{name}.depends_on.{other}: condition {how}, want one of {', '.join(sorted(CONDITIONS))}")
        for secret in secrets(service):
            if secret not in (document.get("secrets") or {}):
                raise ComposeError(f"services.{name}.secrets: {secret} is not among the secrets")


def dependencies(service):
    """Service -> condition."""
    wanted = service.get("depends_on", {})
    if isinstance(wanted, list):
        return {name: "service_started" for name in wanted}
    return {name: entry.get("condition", "service_started") for name, entry in wanted.items()}


def secrets(service):
    """Secret -> name of its file under /run/secrets."""
    found = {}
    for entry in service.get("secrets", []):
        if isinstance(entry, str):
            found[entry] = entry
        else:
            found[entry["source"]] = entry.get("target", entry["source"])
    return found


def load(paths, variables):
    """The merged document of some files. Raises ComposeError."""
    document = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            try:
                document = merge(document, yaml.safe_load(file))
            except yaml.YAMLError as error:
                raise ComposeError(f"{path}: {error}") from error
    document = {key: expand_all(entry, variables) for key, entry in document.items() if not key.startswith("x-")}
    document["folder"] = os.path.dirname(os.path.abspath(paths[0]))
    checked = dict(document)
    del checked["folder"]
    check(checked)
    return document


def start_order(services):
    """Names, each after those that it depends on; as the file has them otherwise."""
    order, visiting = [], []

    def visit(name):
        if name in order:
            return
        if name in visiting:
            raise ComposeError(f"depends_on: {' -> '.join(visiting + [name])} is a circle")
        visiting.append(name)
        for other in dependencies(services[name]):
            visit(other)
        visiting.pop()
        order.append(name)

    for name in services:
        visit(name)
    return order
