// Kind command: an entry of the gateway's command table.
#pragma once

#include <google/protobuf/any.pb.h>

#include "services/control/kinds/kind.h"

namespace trivium::gateway::v1 {
class Command;
}

namespace trivium::control {

// The values of an item that are in use: the newest and, while a release is under way, the one before it.
std::vector<gateway::v1::Command> CommandsInUse(const domain::ConfigItem& item);

// "push.ack", or "push.ack@acme" for a product's own version of it: 1-64 characters.
bool IsCommandItemName(std::string_view name);

// Schema check: the ranges that the proto's comments give.
Violations CheckCommand(const google::protobuf::Any& value);

// Against what is published: the product has a profile; the name is the owner's only one of this command and the number
// stands for no other; the method is in the descriptors and unary, and its request has the routing field; the
// replacement exists.
absl::StatusOr<Violations> CheckCommandAgainst(std::string_view name, const google::protobuf::Any& value,
                                               const PublishedItems& published);

}  // namespace trivium::control
