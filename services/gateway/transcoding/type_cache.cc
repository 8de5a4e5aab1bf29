#include "services/gateway/transcoding/type_cache.h"

#include <google/protobuf/type.pb.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <string>

#include "absl/container/flat_hash_map.h"

namespace trivium::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::util::Status;
using google::protobuf::util::TypeResolver;

constexpr char kPrefix[] = "type.googleapis.com";

template <typename Type>
using ByUrl = absl::flat_hash_map<std::string, Type>;

class TypeCache : public TypeResolver {
 public:
  TypeCache(TypeResolver& source, const std::vector<const FileDescriptor*>& files) {
    for (const FileDescriptor* file : files) {
      for (int i = 0; i < file->message_type_count(); ++i) AddMessage(source, *file->message_type(i));
      for (int i = 0; i < file->enum_type_count(); ++i) AddEnum(source, *file->enum_type(i));
    }
  }

  Status ResolveMessageType(const std::string& url, google::protobuf::Type* type) override {
    return Copy(messages_, url, type);
  }
  Status ResolveEnumType(const std::string& url, google::protobuf::Enum* type) override {
    return Copy(enums_, url, type);
  }

 private:
  void AddMessage(TypeResolver& source, const Descriptor& message) {
    Keep(message.full_name(), &messages_,
         [&](const std::string& url, auto* type) { return source.ResolveMessageType(url, type); });
    for (int i = 0; i < message.nested_type_count(); ++i) AddMessage(source, *message.nested_type(i));
    for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(source, *message.enum_type(i));
  }
  void AddEnum(TypeResolver& source, const EnumDescriptor& type) {
    Keep(type.full_name(), &enums_,
         [&](const std::string& url, auto* out) { return source.ResolveEnumType(url, out); });
  }

  template <typename Type, typename Resolve>
  static void Keep(const std::string& name, ByUrl<Type>* types, Resolve resolve) {
    const std::string url = std::string(kPrefix) + "/" + name;
    Type type;
    if (resolve(url, &type).ok()) types->insert_or_assign(url, std::move(type));
  }
  template <typename Type>
  static Status Copy(const ByUrl<Type>& types, const std::string& url, Type* out) {
    const auto found = types.find(url);
    if (found == types.end()) return google::protobuf::util::NotFoundError("unknown type " + url);
    *out = found->second;
    return {};
  }

  ByUrl<google::protobuf::Type> messages_;
  ByUrl<google::protobuf::Enum> enums_;
};

}  // namespace

std::unique_ptr<TypeResolver> NewTypeCache(const google::protobuf::DescriptorPool& pool,
                                           const std::vector<const FileDescriptor*>& files) {
  const std::unique_ptr<TypeResolver> source(google::protobuf::util::NewTypeResolverForDescriptorPool(kPrefix, &pool));
  return std::make_unique<TypeCache>(*source, files);
}

}  // namespace trivium::gateway
