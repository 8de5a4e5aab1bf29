#include "tools/publish/plan.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include <map>
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

}  // namespace trivium::publish
