// Types of a pool as the library's JSON converter wants them, made once: its own resolver converts every descriptor
// again in every call.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/type_resolver.h>

#include <memory>
#include <vector>

namespace trivium::gateway {

// All types of the files. Thread-safe. The pool may go before it.
std::unique_ptr<google::protobuf::util::TypeResolver> NewTypeCache(
    const google::protobuf::DescriptorPool& pool, const std::vector<const google::protobuf::FileDescriptor*>& files);

}  // namespace trivium::gateway
