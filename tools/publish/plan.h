// What of a release has to be published, given what control has. Pure.
#pragma once

#include <google/protobuf/any.pb.h>

#include <optional>
#include <string>
#include <vector>

#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/route_plan.pb.h"
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
// Of further items those that control lacks or has otherwise, in their order.
std::vector<Change> PlanItems(const std::vector<Change>& wanted, const std::vector<control::v1::ConfigItem>& published);

// The first route that has to be set, without request_id and reason; nullopt: none. A route that control has keeps its
// cells, since people move traffic: of it only the canary of `cell` (empty: none) follows what is wanted. Set it, and
// ask again with the plan of then.
std::optional<control::v1::SetRouteRequest> NextRoute(const control::v1::RoutePlan& wanted, const std::string& cell,
                                                      const control::v1::RoutePlan& plan);

}  // namespace trivium::publish
