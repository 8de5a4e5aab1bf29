"""Reading of descriptor sets for tools/proto_comments.py and tools/proto_breaking.py."""

from google.protobuf import descriptor_pb2


def load(paths):
    """Files of all sets by name, each once."""
    files = {}
    for path in paths:
        descriptor_set = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as file:
            descriptor_set.ParseFromString(file.read())
        for proto in descriptor_set.file:
            files[proto.name] = proto
    return files


def is_ours(name):
    """Not google's own, nor wire formats of others that we only speak, nor what only a test uses."""
    return not name.startswith(("google/", "external/")) and not name.endswith("_test.proto")


def save(files, path):
    """Files of ours, without comments, ordered by name: a baseline that changes only with the API."""
    descriptor_set = descriptor_pb2.FileDescriptorSet()
    for name in sorted(files):
        if is_ours(name):
            copy = descriptor_set.file.add()
            copy.CopyFrom(files[name])
            copy.ClearField("source_code_info")
    with open(path, "wb") as file:
        file.write(descriptor_set.SerializeToString(deterministic=True))
