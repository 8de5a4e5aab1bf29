#!/usr/bin/env python3
"""Every message, field, enum, enum value, service and rpc of ours has a comment. Arguments: descriptor sets with source info."""

import sys

import proto_descriptors

# Field numbers in descriptor.proto, which make up a source location's path.
FILE_MESSAGES, FILE_ENUMS, FILE_SERVICES = 4, 5, 6
MESSAGE_FIELDS, MESSAGE_NESTED, MESSAGE_ENUMS, ENUM_VALUES, SERVICE_METHODS = 2, 3, 4, 2, 2


def elements(proto):
    """(path, full name) of everything that must have a comment."""
    def of_enum(enum, path, scope):
        yield path, f"{scope}.{enum.name}"
        for i, value in enumerate(enum.value):
            yield path + (ENUM_VALUES, i), f"{scope}.{enum.name}.{value.name}"

    def of_message(message, path, scope):
        name = f"{scope}.{message.name}"
        if message.options.map_entry:
            return
        yield path, name
        for i, field in enumerate(message.field):
            yield path + (MESSAGE_FIELDS, i), f"{name}.{field.name}"
        for i, nested in enumerate(message.nested_type):
            yield from of_message(nested, path + (MESSAGE_NESTED, i), name)
        for i, enum in enumerate(message.enum_type):
            yield from of_enum(enum, path + (MESSAGE_ENUMS, i), name)

    for i, message in enumerate(proto.message_type):
        yield from of_message(message, (FILE_MESSAGES, i), proto.package)
    for i, enum in enumerate(proto.enum_type):
        yield from of_enum(enum, (FILE_ENUMS, i), proto.package)
    for i, service in enumerate(proto.service):
        yield (FILE_SERVICES, i), f"{proto.package}.{service.name}"
        for j, method in enumerate(service.method):
            yield (FILE_SERVICES, i, SERVICE_METHODS, j), f"{proto.package}.{service.name}.{method.name}"


def missing_comments(proto):
    """"file:line: name" of every element without a comment."""
    locations = {tuple(location.path): location for location in proto.source_code_info.location}
    for path, name in elements(proto):
        location = locations.get(path)
        if location is None or not (location.leading_comments.strip() or location.trailing_comments.strip()):
            line = location.span[0] + 1 if location is not None and location.span else 0
            yield f"{proto.name}:{line}: {name} has no comment"


def main(paths):
    files = proto_descriptors.load(paths)
    found = [text for name in sorted(files) if proto_descriptors.is_ours(name) for text in missing_comments(files[name])]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
