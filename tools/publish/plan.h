// What of a command table has to be published, given what control has. Pure.
#pragma once

#include <google/protobuf/any.pb.h>

#include <string>
#include <vector>

#include "trivium/control/v1/config.pb.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::publish {

struct Change {
  std::string kind, name;
  google::protobuf::Any value;
};

// Descriptors of all public APIs, those that are linked in here, without comments.
gateway::v1::ApiDescriptors LinkedDescriptors(std::string release);

// The items that control lacks or has otherwise, in the order in which control takes them: descriptors first.
// published: the newest versions. Items that the table does not name are left alone: they are products' own. Of a
// release below 100 % the new value counts.
std::vector<Change> PlanChanges(const gateway::v1::ApiDescriptors& descriptors, const gateway::v1::CommandTable& table,
                                const std::vector<control::v1::ConfigItem>& published);

}  // namespace trivium::publish
