#include "tools/publish/plan.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "external/google/rpc/error_details.pb.h"
#include "trivium/live/v1/live.pb.h"
#include "trivium/payment/v1/payment.pb.h"
#include "trivium/push/v1/delivery.pb.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::publish {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::util::MessageDifferencer;

using control::v1::Canary;
using control::v1::Route;
using control::v1::RouteCell;
using control::v1::RoutePlan;
using control::v1::SetRouteRequest;

constexpr char kCommand[] = "command", kDescriptors[] = "api_descriptors", kPlatform[] = "platform";

// A file and what it imports, imports first.
void AddFile(const FileDescriptor& file, std::set<std::string>* seen, google::protobuf::FileDescriptorSet* set) {
  if (!seen->insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), seen, set);
  file.CopyTo(set->add_file());
}

// Whether a published item has this value for everybody.
template <typename Message>
bool Has(const control::v1::ConfigItem* item, const Message& wanted) {
  Message value;
  return item != nullptr && item->percentage() == 100 && item->value().UnpackTo(&value) &&
         MessageDifferencer::Equals(value, wanted);
}

// The message in an Any whose type is linked in; nullptr: it is not, or the bytes are none.
std::unique_ptr<google::protobuf::Message> Unpacked(const google::protobuf::Any& any) {
  const std::string name = any.type_url().substr(any.type_url().rfind('/') + 1);
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  if (type == nullptr) return nullptr;
  std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  return message->ParseFromString(any.value()) ? std::move(message) : nullptr;
}

bool Same(const google::protobuf::Any& a, const google::protobuf::Any& b) {
  const auto first = Unpacked(a), second = Unpacked(b);
  return first != nullptr && second != nullptr && first->GetDescriptor() == second->GetDescriptor() &&
         MessageDifferencer::Equals(*first, *second);
}

const Route* FindRoute(const RoutePlan& plan, const Route& like) {
  const auto found = std::ranges::find_if(plan.routes(), [&](const Route& route) {
    return route.product() == like.product() && route.service() == like.service();
  });
  return found == plan.routes().end() ? nullptr : &*found;
}

const Canary* FindCanary(const Route& route, const std::string& cell) {
  const auto found = std::ranges::find_if(route.cells(), [&](const RouteCell& entry) { return entry.cell() == cell; });
  return found == route.cells().end() ? nullptr : &found->canary();
}

// What would bring a route that is there to what is wanted of it.
std::optional<SetRouteRequest> ChangedCanary(const Route& wanted, const std::string& cell, const Route& now) {
  const Canary *want = FindCanary(wanted, cell), *have = FindCanary(now, cell);
  if (want == nullptr || have == nullptr || MessageDifferencer::Equals(*want, *have)) return std::nullopt;
  SetRouteRequest request;
  request.set_product(now.product());
  request.set_service(now.service());
  for (const RouteCell& entry : now.cells()) {
    RouteCell* added = request.add_cells();
    *added = entry;
    if (entry.cell() == cell) *added->mutable_canary() = *want;
  }
  return request;
}

}  // namespace

gateway::v1::ApiDescriptors LinkedDescriptors(std::string release) {
  google::protobuf::FileDescriptorSet set;
  std::set<std::string> seen;
  for (const FileDescriptor* file :
       {live::v1::Room::descriptor()->file(), payment::v1::Payment::descriptor()->file(),
        push::v1::Message::descriptor()->file(), push::v1::AcknowledgeRequest::descriptor()->file(),
        google::rpc::ErrorInfo::descriptor()->file()})
    AddFile(*file, &seen, &set);
  gateway::v1::ApiDescriptors descriptors;
  descriptors.set_file_descriptor_set(set.SerializeAsString());
  descriptors.set_release(std::move(release));
  return descriptors;
}

std::vector<Change> PlanChanges(const gateway::v1::ApiDescriptors& descriptors, const gateway::v1::CommandTable& table,
                                const std::vector<control::v1::ConfigItem>& published) {
  std::map<std::pair<std::string, std::string>, const control::v1::ConfigItem*> by_name;
  for (const control::v1::ConfigItem& item : published) by_name[{item.kind(), item.name()}] = &item;
  std::vector<Change> changes;
  const auto want = [&](const char* kind, const std::string& name, const auto& value) {
    const auto found = by_name.find({kind, name});
    if (Has(found == by_name.end() ? nullptr : found->second, value)) return;
    changes.push_back({kind, name, {}});
    changes.back().value.PackFrom(value);
  };
  want(kDescriptors, kPlatform, descriptors);
  const std::map<std::string, gateway::v1::Command> sorted(table.commands().begin(), table.commands().end());
  // A command that names another in replaced_by comes after it.
  for (const bool replaced : {false, true}) {
    for (const auto& [name, command] : sorted) {
      if (command.replaced_by().empty() != replaced) want(kCommand, name, command);
    }
  }
  return changes;
}

std::vector<Change> PlanItems(const std::vector<Change>& wanted,
                              const std::vector<control::v1::ConfigItem>& published) {
  std::vector<Change> changes;
  std::ranges::copy_if(wanted, std::back_inserter(changes), [&](const Change& change) {
    return std::ranges::none_of(published, [&](const control::v1::ConfigItem& item) {
      return item.kind() == change.kind && item.name() == change.name && item.percentage() == 100 &&
             Same(item.value(), change.value);
    });
  });
  return changes;
}

std::optional<SetRouteRequest> NextRoute(const RoutePlan& wanted, const std::string& cell, const RoutePlan& plan) {
  for (const Route& route : wanted.routes()) {
    const Route* now = FindRoute(plan, route);
    std::optional<SetRouteRequest> request;
    if (now != nullptr) {
      request = ChangedCanary(route, cell, *now);
    } else {
      request.emplace();
      request->set_product(route.product());
      request->set_service(route.service());
      *request->mutable_cells() = route.cells();
    }
    if (!request) continue;
    request->set_expected_epoch(plan.epoch());
    return request;
  }
  return std::nullopt;
}

}  // namespace trivium::publish
