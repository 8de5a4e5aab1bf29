#include "tools/call/methods.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "libs/config/config.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"
#include "trivium/gateway/v1/command.pb.h"
#include "trivium/gateway/v1/token_keys.pb.h"
#include "trivium/live/v1/live.pb.h"
#include "trivium/live/v1/live_capacity.pb.h"
#include "trivium/ops/v1/ops.pb.h"
#include "trivium/payment/v1/payment.pb.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::call {
namespace {

using ::google::protobuf::FileDescriptor;
using ::google::protobuf::MethodDescriptor;

// One message of each file keeps the file from being left out by the linker.
std::vector<const FileDescriptor*> ApiFiles() {
  // Not called: found inside Any.
  common::v1::ProductProfile::descriptor();
  gateway::v1::Command::descriptor();
  gateway::v1::TokenKeys::descriptor();
  live::v1::LiveCapacity::descriptor();
  return {
      control::v1::ConfigItem::descriptor()->file(), control::v1::Instance::descriptor()->file(),
      control::v1::RoutePlan::descriptor()->file(),  ops::v1::Session::descriptor()->file(),
      payment::v1::Payment::descriptor()->file(),    push::v1::Message::descriptor()->file(),
      live::v1::Room::descriptor()->file(),
  };
}

std::string FullName(const MethodDescriptor& method) {
  return absl::StrCat(method.service()->full_name(), "/", method.name());
}

}  // namespace

std::string ShortService(const MethodDescriptor& method) {
  const std::vector<std::string> parts = absl::StrSplit(method.file()->package(), '.');
  return parts.size() > 1 ? parts[1] : parts[0];
}

std::string ShortName(const MethodDescriptor& method) { return absl::StrCat(ShortService(method), "/", method.name()); }

const std::vector<const MethodDescriptor*>& AllMethods() {
  static const auto& methods = *[] {
    auto* all = new std::vector<const MethodDescriptor*>();
    for (const FileDescriptor* file : ApiFiles()) {
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) all->push_back(file->service(s)->method(m));
      }
    }
    return all;
  }();
  return methods;
}

absl::StatusOr<const MethodDescriptor*> FindMethod(const std::string& name) {
  std::vector<std::string> names;
  for (const MethodDescriptor* method : AllMethods()) {
    names.push_back(ShortName(*method));
    if (name == names.back() || name == FullName(*method)) return method;
  }
  const std::string nearest = config::NearestName(name, names);
  return absl::NotFoundError(absl::StrCat(name, ": unknown method",
                                          nearest.empty() ? "" : absl::StrCat(", did you mean ", nearest, "?"),
                                          " (`trv call` lists all)"));
}

}  // namespace trivium::call
