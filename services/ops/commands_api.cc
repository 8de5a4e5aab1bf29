// The command table: control keeps it; here a person finds, reads and changes it.
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/opaque_token/opaque_token.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/ops/conversions.h"
#include "services/ops/ops_api.h"
#include "trivium/control/v1/config.pb.h"

namespace trivium::ops {
namespace {

using gateway::v1::Command;

constexpr char kAllProducts[] = "*";
constexpr size_t kMaxSearch = 64 * 4;  // Bytes.
constexpr int kReadAtOnce = 500;       // Commands in an answer of control.

bool SeesCommand(const Viewer& viewer, const Command& command) {
  return command.product() == kAllProducts || viewer.Sees(command.product());
}

// What the viewer may read of a version; false: nothing.
bool Reveal(const Viewer& viewer, const control::v1::ConfigItem& item, v1::CommandVersion* out) {
  if (!FromConfig(item, out) || !SeesCommand(viewer, out->value())) return false;
  if (out->has_previous_value() && !SeesCommand(viewer, out->previous_value())) out->clear_previous_value();
  return true;
}

bool Matches(const v1::CommandVersion& command, const std::string& lower_search, const std::string& product) {
  const Command& value = command.value();
  if (!product.empty() && value.product() != product && value.product() != kAllProducts) return false;
  if (lower_search.empty() || (value.number() != 0 && absl::StrCat(value.number()) == lower_search)) return true;
  for (const std::string* text :
       {&command.name(), &value.title_zh(), &value.title_en(), &value.service(), &value.method()}) {
    if (absl::StrContains(absl::AsciiStrToLower(*text), lower_search)) return true;
  }
  return false;
}

// As control says it of an item that is not there: who does not see a command does not learn that it exists.
absl::Status NotFound(const std::string& name, int64_t version) {
  const std::string what =
      absl::StrCat(kCommandKind, "/", name, version == 0 ? "" : absl::StrCat(" version ", version));
  return Error(absl::StatusCode::kNotFound, "CONFIG_NOT_FOUND",
               absl::StrCat("config: ", what, ", want one that exists"))
      .With("config", what);
}

absl::Status Unreadable(const std::string& name) {
  return absl::DataLossError(absl::StrCat("config: command/", name, " is no trivium.gateway.v1.Command"));
}

}  // namespace

absl::Status OpsApi::ListCommands(const Ask& ask, const v1::ListCommandsRequest& request,
                                  v1::ListCommandsResponse* response) {
  if (!request.product().empty()) TRIVIUM_RETURN_IF_ERROR(VisibleProduct(ask.viewer, request.product()).status());
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  if (request.search().size() > kMaxSearch) return FieldsError({{"search", "too long, want at most 64 characters"}});
  const std::string search = absl::AsciiStrToLower(request.search());
  const std::string list = absl::StrCat("ListCommands/", request.product(), "/", search);
  TRIVIUM_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(list, request.page_token()));
  control::v1::ListConfigsRequest wanted;
  wanted.set_kind(kCommandKind);
  wanted.set_page_size(kReadAtOnce);
  do {
    control::v1::ListConfigsResponse page;
    TRIVIUM_RETURN_IF_ERROR(parts_.control.ListConfigs({ask.viewer.actor, ask.deadline}, wanted, &page));
    for (const control::v1::ConfigItem& item : page.items()) {
      v1::CommandVersion command;
      if (item.name() <= after || !Reveal(ask.viewer, item, &command)) continue;
      if (!Matches(command, search, request.product())) continue;
      if (response->commands_size() == page_size) {
        response->set_next_page_token(SealToken(list, response->commands().rbegin()->name()));
        return absl::OkStatus();
      }
      response->add_commands()->Swap(&command);
    }
    wanted.set_page_token(page.next_page_token());
  } while (!wanted.page_token().empty());
  return absl::OkStatus();
}

absl::Status OpsApi::GetCommand(const Ask& ask, const v1::GetCommandRequest& request, v1::CommandVersion* response) {
  control::v1::GetConfigRequest wanted;
  wanted.set_kind(kCommandKind);
  wanted.set_name(request.name());
  wanted.set_version(request.version());
  control::v1::ConfigItem item;
  TRIVIUM_RETURN_IF_ERROR(parts_.control.GetConfig({ask.viewer.actor, ask.deadline}, wanted, &item));
  if (Reveal(ask.viewer, item, response)) return absl::OkStatus();
  response->Clear();
  return NotFound(request.name(), request.version());
}

absl::Status OpsApi::ListCommandVersions(const Ask& ask, const v1::ListCommandVersionsRequest& request,
                                         v1::ListCommandVersionsResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  control::v1::ListConfigVersionsRequest wanted;
  wanted.set_kind(kCommandKind);
  wanted.set_name(request.name());
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  control::v1::ListConfigVersionsResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.control.ListConfigVersions({ask.viewer.actor, ask.deadline}, wanted, &page));
  for (const control::v1::ConfigItem& item : page.versions()) {
    v1::CommandVersion version;
    if (Reveal(ask.viewer, item, &version)) response->add_versions()->Swap(&version);
  }
  if (response->versions().empty() && request.page_token().empty()) return NotFound(request.name(), 0);
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

absl::Status OpsApi::PublishCommand(const Ask& ask, const v1::PublishCommandRequest& request,
                                    v1::CommandVersion* response) {
  TRIVIUM_RETURN_IF_ERROR(RequireChanger(ask.viewer));
  control::v1::PublishConfigRequest change;
  ToControl(request, &change);
  control::v1::ConfigItem item;
  TRIVIUM_RETURN_IF_ERROR(parts_.control.PublishConfig({ask.viewer.actor, ask.deadline}, change, &item));
  return FromConfig(item, response) ? absl::OkStatus() : Unreadable(request.name());
}

absl::Status OpsApi::RollBackCommand(const Ask& ask, const v1::RollBackCommandRequest& request,
                                     v1::CommandVersion* response) {
  TRIVIUM_RETURN_IF_ERROR(RequireChanger(ask.viewer));
  control::v1::RollbackConfigRequest change;
  ToControl(request, &change);
  control::v1::ConfigItem item;
  TRIVIUM_RETURN_IF_ERROR(parts_.control.RollbackConfig({ask.viewer.actor, ask.deadline}, change, &item));
  return FromConfig(item, response) ? absl::OkStatus() : Unreadable(request.name());
}

}  // namespace trivium::ops
