// Values of the gateway's kinds for tests: descriptors of control's own API, and a command that names a method of it.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <string>

#include "trivium/control/v1/config.pb.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::control {

inline void AddFile(const google::protobuf::FileDescriptor& file, std::set<std::string>* seen,
                    google::protobuf::FileDescriptorSet* set) {
  if (!seen->insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), seen, set);
  file.CopyTo(set->add_file());
}

// config.proto and its imports, imports first.
inline google::protobuf::FileDescriptorSet GoodDescriptorSet() {
  google::protobuf::FileDescriptorSet set;
  std::set<std::string> seen;
  AddFile(*v1::ConfigItem::descriptor()->file(), &seen, &set);
  return set;
}

inline gateway::v1::ApiDescriptors GoodDescriptors() {
  gateway::v1::ApiDescriptors descriptors;
  descriptors.set_file_descriptor_set(GoodDescriptorSet().SerializeAsString());
  descriptors.set_release("1.4.0");
  return descriptors;
}

inline gateway::v1::Command GoodCommand() {
  gateway::v1::Command command;
  command.set_number(7);
  command.set_service("trivium.control.v1.ConfigService");
  command.set_method("GetConfig");
  command.set_product("*");
  command.set_auth_scope(gateway::v1::AUTH_SCOPE_USER);
  command.set_title_zh("读配置");
  command.set_title_en("Read a config item");
  return command;
}

}  // namespace trivium::control
