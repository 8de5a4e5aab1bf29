#!/usr/bin/python3
"""Writes the reference pages from their sources: config.md from the config protos, api.md from the public protos, metrics.md from the
declarations of metrics in the code. errors.md is written by hand: its rows must be the reasons that the code knows.
`--check` writes nothing and fails when a page is not up to date.

    docs/reference/generate.py [--check]
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "docs" / "reference"
GENERATED = "<!-- Made by docs/reference/generate.py: do not edit. -->\n"
TYPES = descriptor_pb2.FieldDescriptorProto


def descriptors(paths):
    """FileDescriptorSet of the given protos, comments included."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            ["protoc", "-I.", "-Iproto", "--include_imports", "--include_source_info",
             f"--descriptor_set_out={out.name}", *map(str, paths)], cwd=ROOT, check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())


def comments(file):
    """Comment by descriptor path."""
    found = {}
    for location in file.source_code_info.location:
        text = location.leading_comments or location.trailing_comments
        found[tuple(location.path)] = " ".join(text.split())
    return found


def type_name(field):
    """A reader's word for a field's type."""
    if field.type_name:
        name = field.type_name.split(".")[-1]
    else:
        name = TYPES.Type.Name(field.type)[len("TYPE_"):].lower()
    return f"repeated {name}" if field.label == TYPES.LABEL_REPEATED else name


def cell(text):
    return text.replace("|", "\\|")


class Messages:
    """All messages of a descriptor set, by full name, with their comments."""

    def __init__(self, files):
        self.by_name = {}
        for file in files:
            notes = comments(file)
            for i, message in enumerate(file.message_type):
                self._add("." + file.package, message, (4, i), notes)

    def _add(self, prefix, message, path, notes):
        name = f"{prefix}.{message.name}"
        self.by_name[name] = (message, path, notes)
        for i, nested in enumerate(message.nested_type):
            self._add(name, nested, path + (3, i), notes)


def config_rows(messages, name, prefix=""):
    """(option, type, comment, reloadable) of a config message, nested messages flattened."""
    message, path, notes = messages.by_name[name]
    for i, field in enumerate(message.field):
        option = prefix + field.name + ("[]" if field.label == TYPES.LABEL_REPEATED else "")
        ours = field.type_name in messages.by_name and not field.type_name.startswith(".google.")
        yield option, type_name(field), notes.get(path + (2, i), "")
        if ours:
            yield from config_rows(messages, field.type_name, option + ".")


def config_page():
    lines = [GENERATED, "# Config\n", "One YAML file per binary; `--print_default_config` prints it with its defaults, `--check_config` checks one. Unknown fields are\n"
             "refused with file, line and the nearest name.\n"]
    for path in sorted(ROOT.glob("services/*/config.proto")):
        relative = path.relative_to(ROOT)
        files = descriptors([relative]).file
        package = next(f.package for f in files if f.name == str(relative))
        lines.append(f"\n## {relative.parts[1]}\n\n| option | type | meaning |\n|---|---|---|")
        for option, kind, text in config_rows(Messages(files), f".{package}.Config"):
            lines.append(f"| `{option}` | {kind} | {cell(text)} |")
    return "\n".join(lines) + "\n"


def api_page():
    lines = [GENERATED, "# APIs\n", "The protos under `proto/trivium` are the contract; this is what their comments say.\n"]
    paths = [p.relative_to(ROOT / "proto") for p in sorted((ROOT / "proto" / "trivium").rglob("*.proto"))]
    for file in descriptors(paths).file:
        notes = comments(file)
        for s, service in enumerate(file.service):
            lines.append(f"\n## {file.package}.{service.name}\n\n{notes.get((6, s), '')}\n")
            lines.append("| method | what it does |\n|---|---|")
            for m, method in enumerate(service.method):
                stream = " (stream)" if method.server_streaming else ""
                lines.append(f"| `{method.name}`{stream} | {cell(notes.get((6, s, 2, m), ''))} |")
    return "\n".join(lines) + "\n"


METRIC = re.compile(
    r'constexpr\s+Metric\s+k\w+\s*\{\s*"(\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+),?\s*(?:\{([^}]*)\})?', re.S)


def declared_metrics():
    """(name, help and labels as matched, path) of each declaration."""
    for path in sources():
        if path == ROOT / "libs" / "telemetry" / "metrics.h":  # Its example is no metric.
            continue
        for name, text, labels in METRIC.findall(path.read_text()):
            yield name, text, labels, path.relative_to(ROOT)


def twice_declared():
    """Two declarations of one name would be one metric of two meanings."""
    first = {}
    for name, _, _, path in declared_metrics():
        if name in first:
            yield f"metrics: {name} is declared in {first[name]} and in {path}"
        first.setdefault(name, path)


def metrics_page():
    lines = [GENERATED, "# Metrics\n", "Each metric is declared once, where it is measured. On `/metrics` of every service's admin port.\n",
             "| metric | labels | meaning | declared in |\n|---|---|---|---|"]
    rows = []
    for name, text, labels, path in declared_metrics():
        meaning = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
        rows.append(f"| `{name}` | {', '.join(re.findall(chr(34) + r'(.*?)' + chr(34), labels))} | {cell(meaning)} | {path} |")
    return "\n".join(lines + sorted(rows)) + "\n"


REASON = re.compile(r'\bError(?:\s+\w+)?\(\s*(?:absl::)?StatusCode::k(\w+),\s*"([A-Z_]+)"')
UNAUTHENTICATED_REASON = re.compile(r'"(TOKEN_[A-Z_]+)"')  # libs/jwt's, all of one code.
NAMED_REASON = re.compile(r'constexpr std::string_view k(Unavailable) = "([A-Z_]+)"')  # Error(..., kUnavailable, ...)
BACKEND_REASON = re.compile(r'\b(?:Named|calls_)\([^;]*?"([A-Z]+_UNAVAILABLE)"')  # ops, of a service that does not answer.
ROW = re.compile(r"^\| `([A-Z_]+)` \| ([A-Z_]+) \|", re.M)


def sources():
    for folder in ("libs", "services"):
        for path in sorted([*(ROOT / folder).rglob("*.h"), *(ROOT / folder).rglob("*.cc")]):
            if not path.name.endswith("_test.cc"):
                yield path


def wrong_errors():
    """What differs between the reasons in the code and those on the page, a line each."""
    known = set()
    for path in sources():
        text = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("//"))
        for code, reason in REASON.findall(text) + NAMED_REASON.findall(text):
            known.add((reason, re.sub(r"(?<!^)(?=[A-Z])", "_", code).upper()))
        known.update((reason, "UNAVAILABLE") for reason in BACKEND_REASON.findall(text))
        known.update((reason, "UNAUTHENTICATED") for reason in UNAUTHENTICATED_REASON.findall(text))
    listed = set(ROW.findall((HERE / "errors.md").read_text()))
    return ([f"errors.md: want a row for {reason} {code}" for reason, code in sorted(known - listed)] +
            [f"errors.md: no code says {reason} {code}" for reason, code in sorted(listed - known)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not up to date")
    check = parser.parse_args().check
    stale = []
    for name, page in (("config.md", config_page), ("api.md", api_page), ("metrics.md", metrics_page)):
        text, path = page(), HERE / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not check:
                path.write_text(text)
    if wrong := wrong_errors() + list(twice_declared()):
        sys.exit("\n".join(wrong))
    if check and stale:
        sys.exit(f"docs/reference: {', '.join(stale)} not up to date: run docs/reference/generate.py")


if __name__ == "__main__":
    main()
