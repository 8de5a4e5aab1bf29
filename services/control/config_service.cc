#include "services/control/config_service.h"

#include <google/protobuf/any.pb.h>

#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/opaque_token/opaque_token.h"
#include "libs/rpc/stream.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/control/change.h"
#include "services/control/conversions.h"
#include "services/control/kinds/kind.h"
#include "services/control/validate.h"

namespace trivium::control {
namespace {

using domain::ConfigItem;
using domain::Publication;
using domain::PublishProblem;

// Whom an item is about.
std::string ProductOf(const std::string& kind, const std::string& name) { return kind == kProductProfile ? name : "*"; }

absl::Status NotFound(const std::string& kind, const std::string& name, int64_t version) {
  const std::string what =
      version == 0 ? absl::StrCat(kind, "/", name) : absl::StrCat(kind, "/", name, " version ", version);
  return Error(absl::StatusCode::kNotFound, "CONFIG_NOT_FOUND",
               absl::StrCat("config: ", what, ", want one that exists"))
      .With("config", what);
}

absl::Status Declined(PublishProblem problem, const Publication& publication, const ConfigItem* newest) {
  const int64_t version = newest == nullptr ? 0 : newest->version;
  if (problem == PublishProblem::kVersionConflict) {
    return Error(absl::StatusCode::kAborted, "VERSION_CONFLICT",
                 absl::StrCat("expected_version: ", publication.expected_version, ", want ", version, " (the newest)"))
        .With("newest_version", version);
  }
  return FieldsError({{"percentage", absl::StrCat(publication.percentage,
                                                  ", want 100 (there is no earlier version for the other keys)")}});
}

// What a value has against what is published now: the transaction makes it hold until the commit.
absl::StatusOr<Violations> CheckAgainst(Store::Transaction& transaction, const Publication& publication) {
  const Kind* kind = FindKind(publication.kind);
  if (kind == nullptr || kind->check_against == nullptr) return Violations();
  google::protobuf::Any value;
  value.set_type_url(publication.type_url);
  value.set_value(publication.value);
  return kind->check_against(publication.name, value, [&](std::string_view k) { return transaction.NewestOfKind(k); });
}

// Writes the version that follows, with its audit row.
absl::StatusOr<Outcome> Append(Store::Transaction& transaction, const Publication& publication,
                               const std::optional<ConfigItem>& newest, AuditRecord audit) {
  const ConfigItem* before = newest ? &*newest : nullptr;
  const PublishProblem problem = domain::CheckPublication(publication, before);
  if (problem != PublishProblem::kNone) return Outcome{.decline = Declined(problem, publication, before)};
  TRIVIUM_ASSIGN_OR_RETURN(const Violations wrong, CheckAgainst(transaction, publication));
  if (!wrong.empty()) return Outcome{.decline = FieldsError(wrong)};
  ConfigItem item = domain::NextVersion(publication, before, audit.time);
  TRIVIUM_RETURN_IF_ERROR(transaction.InsertConfig(&item));
  if (before != nullptr) audit.before_json = ToJson(*before);
  audit.after_json = ToJson(item);
  TRIVIUM_RETURN_IF_ERROR(transaction.AddAudit(&audit));
  v1::ConfigItem response;
  ToProto(item, &response);
  return Outcome{.response = response.SerializeAsString()};
}

}  // namespace

absl::Status ConfigServiceImpl::Publish(const rpc::CallContext& call, const v1::PublishConfigRequest& request,
                                        v1::ConfigItem* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const Publication publication{.kind = request.kind(),
                                .name = request.name(),
                                .type_url = request.value().type_url(),
                                .value = request.value().value(),
                                .percentage = request.percentage() == 0 ? 100 : request.percentage(),
                                .expected_version = request.expected_version(),
                                .actor = call.actor,
                                .reason = request.reason()};
  const AuditRecord audit = AuditOf(call, "PublishConfig", absl::StrCat("config/", request.kind(), "/", request.name()),
                                    ProductOf(request.kind(), request.name()), request.reason(), clock_.Now());
  const auto body = [&](Store::Transaction& transaction) -> absl::StatusOr<Outcome> {
    TRIVIUM_ASSIGN_OR_RETURN(const auto newest, transaction.NewestConfig(request.kind(), request.name()));
    return Append(transaction, publication, newest, audit);
  };
  if (request.validate_only()) return TryChange(store_, call.deadline, body, response);
  return ChangeAndRefresh(store_, state_, KeyOf(call, "PublishConfig", request.request_id(), request), call.deadline,
                          body, response);
}

absl::Status ConfigServiceImpl::Rollback(const rpc::CallContext& call, const v1::RollbackConfigRequest& request,
                                         v1::ConfigItem* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const AuditRecord audit =
      AuditOf(call, "RollbackConfig", absl::StrCat("config/", request.kind(), "/", request.name()),
              ProductOf(request.kind(), request.name()), request.reason(), clock_.Now());
  const auto body = [&](Store::Transaction& transaction) -> absl::StatusOr<Outcome> {
    TRIVIUM_ASSIGN_OR_RETURN(const auto newest, transaction.NewestConfig(request.kind(), request.name()));
    TRIVIUM_ASSIGN_OR_RETURN(const auto old,
                             transaction.FindConfig(request.kind(), request.name(), request.to_version()));
    if (!old) return Outcome{.decline = NotFound(request.kind(), request.name(), request.to_version())};
    const Publication publication{.kind = old->kind,
                                  .name = old->name,
                                  .type_url = old->type_url,
                                  .value = old->value,
                                  .actor = call.actor,
                                  .reason = request.reason()};
    return Append(transaction, publication, newest, audit);
  };
  return ChangeAndRefresh(store_, state_, KeyOf(call, "RollbackConfig", request.request_id(), request), call.deadline,
                          body, response);
}

absl::Status ConfigServiceImpl::Get(const rpc::CallContext& call, const v1::GetConfigRequest& request,
                                    v1::ConfigItem* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const auto item,
                           store_.GetConfig(request.kind(), request.name(), request.version(), call.deadline));
  if (!item) return NotFound(request.kind(), request.name(), request.version());
  ToProto(*item, response);
  return absl::OkStatus();
}

absl::Status ConfigServiceImpl::List(const rpc::CallContext& call, const v1::ListConfigsRequest& request,
                                     v1::ListConfigsResponse* response) {
  if (!request.kind().empty() && FindKind(request.kind()) == nullptr) {
    return FieldsError({{"kind", "unknown, want a known kind or none"}});
  }
  TRIVIUM_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size()));
  const std::string list = "ListConfigs/" + request.kind();
  TRIVIUM_ASSIGN_OR_RETURN(const std::string position, ReadPageToken(list, request.page_token()));
  const size_t slash = position.find('/');
  const std::string after_kind = position.substr(0, slash),
                    after_name = slash == std::string::npos ? "" : position.substr(slash + 1);
  TRIVIUM_ASSIGN_OR_RETURN(const auto items,
                           store_.ListConfigs(request.kind(), after_kind, after_name, limit + 1, call.deadline));
  for (const ConfigItem& item : items) {
    if (response->items_size() == limit) {
      const v1::ConfigItem& last = *response->items().rbegin();
      response->set_next_page_token(SealToken(list, last.kind() + "/" + last.name()));
      break;
    }
    ToProto(item, response->add_items());
  }
  return absl::OkStatus();
}

absl::Status ConfigServiceImpl::ListVersions(const rpc::CallContext& call, const v1::ListConfigVersionsRequest& request,
                                             v1::ListConfigVersionsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size()));
  const std::string list = "ListConfigVersions/" + request.kind() + "/" + request.name();
  TRIVIUM_ASSIGN_OR_RETURN(const std::string position, ReadPageToken(list, request.page_token()));
  int64_t before = 0;
  if (!position.empty() && !absl::SimpleAtoi(position, &before)) return PageTokenInvalid();
  TRIVIUM_ASSIGN_OR_RETURN(const auto items,
                           store_.ListConfigVersions(request.kind(), request.name(), before, limit + 1, call.deadline));
  for (const ConfigItem& item : items) {
    if (response->versions_size() == limit) {
      response->set_next_page_token(SealToken(list, absl::StrCat(response->versions().rbegin()->version())));
      break;
    }
    ToProto(item, response->add_versions());
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ConfigServiceImpl::PublishConfig(grpc::CallbackServerContext* context,
                                                           const v1::PublishConfigRequest* request,
                                                           v1::ConfigItem* response) {
  return guard_.Unary(context, "trivium.control.v1.ConfigService/PublishConfig",
                      [=, this](const rpc::CallContext& call) { return Publish(call, *request, response); });
}

grpc::ServerUnaryReactor* ConfigServiceImpl::RollbackConfig(grpc::CallbackServerContext* context,
                                                            const v1::RollbackConfigRequest* request,
                                                            v1::ConfigItem* response) {
  return guard_.Unary(context, "trivium.control.v1.ConfigService/RollbackConfig",
                      [=, this](const rpc::CallContext& call) { return Rollback(call, *request, response); });
}

grpc::ServerUnaryReactor* ConfigServiceImpl::GetConfig(grpc::CallbackServerContext* context,
                                                       const v1::GetConfigRequest* request, v1::ConfigItem* response) {
  return guard_.Unary(context, "trivium.control.v1.ConfigService/GetConfig",
                      [=, this](const rpc::CallContext& call) { return Get(call, *request, response); });
}

grpc::ServerUnaryReactor* ConfigServiceImpl::ListConfigs(grpc::CallbackServerContext* context,
                                                         const v1::ListConfigsRequest* request,
                                                         v1::ListConfigsResponse* response) {
  return guard_.Unary(context, "trivium.control.v1.ConfigService/ListConfigs",
                      [=, this](const rpc::CallContext& call) { return List(call, *request, response); });
}

grpc::ServerUnaryReactor* ConfigServiceImpl::ListConfigVersions(grpc::CallbackServerContext* context,
                                                                const v1::ListConfigVersionsRequest* request,
                                                                v1::ListConfigVersionsResponse* response) {
  return guard_.Unary(context, "trivium.control.v1.ConfigService/ListConfigVersions",
                      [=, this](const rpc::CallContext& call) { return ListVersions(call, *request, response); });
}

grpc::ServerWriteReactor<v1::WatchConfigsResponse>* ConfigServiceImpl::WatchConfigs(
    grpc::CallbackServerContext* context, const v1::WatchConfigsRequest* request) {
  return rpc::ServeStream<v1::WatchConfigsResponse>(
      guard_, context, "trivium.control.v1.ConfigService/WatchConfigs", [=, this](auto start) {
        if (absl::Status status = Validate(*request); !status.ok()) return start.stream->Finish(status);
        feed_.Add({request->kinds().begin(), request->kinds().end()}, request->after_revision(), start.stream);
        start.on_end([this, stream = start.stream] { feed_.Remove(stream); });
      });
}

}  // namespace trivium::control
