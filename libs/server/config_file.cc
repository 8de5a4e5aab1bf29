#include "libs/server/config_file.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <utility>

#include "libs/config/config.h"
#include "libs/server/options.pb.h"
#include "libs/server/redact.h"
#include "libs/server/server_options.h"
#include "libs/status/status.h"

namespace trivium::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::unique_ptr<Message> Copy(const Message& message) {
  std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  return copy;
}

const FieldDescriptor* ServerField(const Message& config) {
  for (int i = 0; i < config.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = config.GetDescriptor()->field(i);
    if (!field->is_repeated() && field->message_type() == ServerOptions::descriptor()) return field;
  }
  return nullptr;
}

}  // namespace

ConfigFile::ConfigFile(Message* config) : config_(config), defaults_(Copy(*config)), current_(Copy(*config)) {}

ConfigFile::~ConfigFile() = default;

absl::Status ConfigFile::CheckAll(const Message& config) const {
  if (const ServerOptions* options = FindServerOptions(config); options != nullptr)
    TRIVIUM_RETURN_IF_ERROR(Validate(*options));
  return check_ ? check_(config) : absl::OkStatus();
}

absl::Status ConfigFile::Load(const std::string& path) {
  path_ = path;
  TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(path, config_));
  TRIVIUM_RETURN_IF_ERROR(CheckAll(*config_));
  MutexLock lock(mu_);
  current_ = Copy(*config_);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Message>> ConfigFile::Reload() {
  std::shared_ptr<Message> fresh = Copy(*defaults_);
  TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(path_, fresh.get()));
  TRIVIUM_RETURN_IF_ERROR(CheckAll(*fresh));
  MutexLock lock(mu_);
  TRIVIUM_RETURN_IF_ERROR(config::CheckReload(*current_, *fresh));
  current_ = fresh;
  return current_;
}

std::string ConfigFile::Yaml() const {
  std::shared_ptr<const Message> current;
  {
    MutexLock lock(mu_);
    current = current_;
  }
  const std::unique_ptr<Message> copy = Copy(*current);
  Redact(copy.get());
  return config::PrintYaml(*copy);
}

const ServerOptions* FindServerOptions(const Message& config) {
  const FieldDescriptor* field = ServerField(config);
  return field == nullptr ? nullptr
                          : static_cast<const ServerOptions*>(&config.GetReflection()->GetMessage(config, field));
}

ServerOptions* MutableServerOptions(Message* config) {
  return static_cast<ServerOptions*>(config->GetReflection()->MutableMessage(config, ServerField(*config)));
}

}  // namespace trivium::server
