"""trivium_proto: one macro for protos. It makes C++ messages, gRPC stubs and a descriptor set.

Files under //proto are imported from there ("trivium/payment/v1/payment.proto"); files elsewhere (a service's config.proto) from the
root of the workspace ("services/payment/config.proto").
"""

def trivium_proto(name, srcs, deps = [], grpc = False, embed_in = None, visibility = None):
    """Makes `name` (cc_library), `name`_srcs (the .proto files, with those of deps) and `name`_descriptors (name.binpb).

    Args:
      name: the C++ library; its headers are <import path>.pb.h and, with grpc, <import path>.grpc.pb.h.
      srcs: .proto files of this package.
      deps: other trivium_proto targets that srcs import.
      grpc: whether srcs declare services.
      embed_in: a C++ namespace. Makes also `name`_embedded (cc_library), whose header <name>.embedded.h declares in it
        `std::string_view DescriptorSet()`: the bytes of name.binpb, comments included.
      visibility: of all targets made.
    """
    package = native.package_name()
    root = "proto" if package == "proto" or package.startswith("proto/") else "."
    import_prefix = package[len("proto"):].lstrip("/") if root == "proto" else package
    stems = [s[:-len(".proto")] for s in srcs]
    suffixes = ["pb", "grpc.pb"] if grpc else ["pb"]
    headers = ["%s.%s.h" % (stem, x) for stem in stems for x in suffixes]
    sources = ["%s.%s.cc" % (stem, x) for stem in stems for x in suffixes]

    native.filegroup(
        name = name + "_srcs",
        srcs = srcs + [d + "_srcs" for d in deps],
        visibility = visibility,
    )
    out_root = "$(RULEDIR)"
    if import_prefix:
        out_root = "$(RULEDIR)/" + "/".join([".."] * len(import_prefix.split("/")))
    grpc_flags = "--grpc_out=%s --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin " % out_root if grpc else ""
    native.genrule(
        name = name + "_gen",
        srcs = [":" + name + "_srcs"],
        outs = headers + sources + [name + ".binpb"],
        cmd = ("/usr/bin/protoc -I%s " % root + ("-Iproto " if root == "." else "") +
               "--cpp_out=%s %s" % (out_root, grpc_flags) +
               "--include_imports --include_source_info --descriptor_set_out=$(RULEDIR)/%s.binpb " % name +
               " ".join([(package + "/" if package else "") + s for s in srcs])),
        message = "protoc",
        visibility = ["//visibility:private"],
    )
    native.filegroup(
        name = name + "_descriptors",
        srcs = [name + ".binpb"],
        visibility = visibility,
    )
    native.cc_library(
        name = name,
        srcs = sources,
        hdrs = headers,
        # protoc's code is not ours to warn about.
        copts = ["-w"],
        includes = ["."] if root == "proto" else [],
        visibility = visibility,
        deps = deps + ["@debian//:protobuf"] + (["@debian//:grpc"] if grpc else []),
    )
    if embed_in:
        _embed(name, embed_in, visibility)

def _embed(name, namespace, visibility):
    opening = "namespace %s {" % namespace
    native.genrule(
        name = name + "_embedded_gen",
        srcs = [name + ".binpb"],
        outs = [name + ".embedded.h", name + ".embedded.cc"],
        cmd = ("exec >$(RULEDIR)/{name}.embedded.h; " +
               "echo '#pragma once'; echo '#include <string_view>'; " +
               "echo '{opening}'; echo 'std::string_view DescriptorSet();'; echo '}}'; " +
               "exec >$(RULEDIR)/{name}.embedded.cc; " +
               "echo '#include \"{package}/{name}.embedded.h\"'; echo '{opening}'; " +
               "echo 'static constexpr unsigned char kBytes[] = {{'; " +
               "/usr/bin/od -An -v -tx1 $< | /usr/bin/sed 's/ \\(..\\)/0x\\1,/g'; echo '}};'; " +
               "echo 'std::string_view DescriptorSet() {{ return {{reinterpret_cast<const char*>(kBytes), sizeof kBytes}}; }}'; " +
               "echo '}}'").format(name = name, opening = opening, package = native.package_name()),
        visibility = ["//visibility:private"],
    )
    native.cc_library(
        name = name + "_embedded",
        srcs = [name + ".embedded.cc"],
        hdrs = [name + ".embedded.h"],
        visibility = visibility,
    )
