#!/usr/bin/env python3
"""Compares the API's protos with a committed baseline and refuses what would break a caller.

    proto_breaking.py BASELINE SET...            exit status 1 with a line for each break
    proto_breaking.py --accept BASELINE SET...   makes the baseline anew
"""

import sys

from google.protobuf import descriptor_pb2

import proto_descriptors

TYPE_NAMES = {number: name[len("TYPE_"):].lower() for name, number in descriptor_pb2.FieldDescriptorProto.Type.items()}
LABEL_NAMES = {number: name[len("LABEL_"):].lower() for name, number in descriptor_pb2.FieldDescriptorProto.Label.items()}


def messages_of(file):
    """Full name -> message, nested ones too."""
    found = {}

    def walk(message, scope):
        name = f"{scope}.{message.name}"
        found[name] = message
        for nested in message.nested_type:
            walk(nested, name)

    for message in file.message_type:
        walk(message, file.package)
    return found


def enums_of(file):
    found = {f"{file.package}.{enum.name}": enum for enum in file.enum_type}
    for name, message in messages_of(file).items():
        found.update({f"{name}.{enum.name}": enum for enum in message.enum_type})
    return found


def signature(field):
    kind = field.type_name.lstrip(".") or TYPE_NAMES[field.type]
    oneof = " in a oneof" if field.HasField("oneof_index") and not field.proto3_optional else ""
    return f"{LABEL_NAMES[field.label]} {kind}{oneof}"


def is_reserved(message, number, inclusive_end):
    return any(r.start <= number <= (r.end if inclusive_end else r.end - 1) for r in message.reserved_range)


def compare_fields(name, before, after):
    fields = {field.number: field for field in after.field}
    for field in before.field:
        now = fields.get(field.number)
        what = f"{name}.{field.name} = {field.number}"
        if now is None:
            if not is_reserved(after, field.number, inclusive_end=False):
                yield f"{what}: taken away; reserve its number and name"
        elif now.name != field.name:
            yield f"{what}: renamed to {now.name}, which breaks JSON"
        elif signature(now) != signature(field):
            yield f"{what}: was {signature(field)}, is {signature(now)}"


def compare_values(name, before, after):
    values = {value.number: value.name for value in after.value}
    for value in before.value:
        what = f"{name}.{value.name} = {value.number}"
        if value.number not in values:
            if not is_reserved(after, value.number, inclusive_end=True):
                yield f"{what}: taken away; reserve its number and name"
        elif values[value.number] != value.name:
            yield f"{what}: renamed to {values[value.number]}, which breaks JSON"


def compare_services(before, after):
    services = {service.name: service for service in after.service}
    for service in before.service:
        name = f"{before.package}.{service.name}"
        if service.name not in services:
            yield f"{name}: taken away"
            continue
        methods = {method.name: method for method in services[service.name].method}
        for method in service.method:
            now = methods.get(method.name)
            if now is None:
                yield f"{name}.{method.name}: taken away"
            elif rpc(now) != rpc(method):
                yield f"{name}.{method.name}: was {rpc(method)}, is {rpc(now)}"


def rpc(method):
    stream = {True: "stream ", False: ""}
    return f"({stream[method.client_streaming]}{method.input_type}) returns ({stream[method.server_streaming]}{method.output_type})"


def breaks(before, after):
    """Lines for all that a caller of `before` would miss in `after`. Both: files by name."""
    all_messages = {name: message for file in after.values() for name, message in messages_of(file).items()}
    all_enums = {name: enum for file in after.values() for name, enum in enums_of(file).items()}
    for file in before.values():
        for name, message in messages_of(file).items():
            if name in all_messages:
                yield from compare_fields(name, message, all_messages[name])
            else:
                yield f"{name}: taken away"
        for name, enum in enums_of(file).items():
            if name in all_enums:
                yield from compare_values(name, enum, all_enums[name])
            else:
                yield f"{name}: taken away"
        if file.service and file.name not in after:
            yield f"{file.name}: taken away, with its services"
        elif file.name in after:
            yield from compare_services(file, after[file.name])


def main(arguments):
    accept = arguments[:1] == ["--accept"]
    baseline, *sets = arguments[1:] if accept else arguments
    after = {name: file for name, file in proto_descriptors.load(sets).items() if proto_descriptors.is_ours(name)}
    if accept:
        proto_descriptors.save(after, baseline)
        return 0
    found = list(breaks(proto_descriptors.load([baseline]), after))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
