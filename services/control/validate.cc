#include "services/control/validate.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <memory>
#include <set>

#include "absl/strings/str_join.h"
#include "libs/status/error.h"
#include "libs/text/utf8.h"
#include "services/control/domain/plan.h"
#include "services/control/kinds/kind.h"
#include "services/control/names.h"
#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"

namespace trivium::control {
namespace {

constexpr size_t kMaxReason = 200, kMaxVersionBytes = 64, kMaxInstanceId = 64;
constexpr int kMaxPage = 1000, kDefaultPage = 100;

// A value as an error may show it.
std::string Shown(std::string_view text) { return "\"" + ToValidUtf8(Utf8Prefix(text, 64)) + "\""; }

void CheckRequestId(const std::string& id, Violations* out) {
  if (!IsRequestId(id)) out->emplace_back("request_id", Shown(id) + ", want 8-64 characters of A-Z a-z 0-9 . _ : -");
}

void CheckReason(const std::string& reason, Violations* out) {
  const size_t length = Utf8Length(reason);
  if (length < 1 || length > kMaxReason)
    out->emplace_back("reason", std::to_string(length) + " characters, want 1 to 200");
}

void CheckItemName(const std::string& field, const std::string& name, Violations* out) {
  if (!IsItemName(name)) out->emplace_back(field, Shown(name) + ", want 1-64 characters of a-z 0-9 _ -");
}

// The name of an item that may be there: its kind's form, where the kind is known.
void CheckNameOf(const std::string& kind_name, const std::string& name, Violations* out) {
  const Kind* kind = FindKind(kind_name);
  if (kind == nullptr) return CheckItemName("name", name, out);
  if (!kind->name_ok(name)) out->emplace_back("name", Shown(name) + ", want " + std::string(kind->name_form));
}

void CheckOneOf(const std::string& field, const std::string& value, const std::vector<std::string>& known,
                Violations* out) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  out->emplace_back(field, Shown(value) + ", want one of " + absl::StrJoin(known, ", "));
}

absl::Status KindUnknown(const std::string& kind) {
  std::vector<std::string> known;
  for (const Kind& k : Kinds()) known.emplace_back(k.name);
  return Error(absl::StatusCode::kInvalidArgument, "KIND_UNKNOWN",
               "kind: " + Shown(kind) + ", want one of " + absl::StrJoin(known, ", "))
      .Field("kind", Shown(kind) + ", want one of " + absl::StrJoin(known, ", "));
}

void CheckValue(const Kind& kind, const v1::PublishConfigRequest& request, Violations* out) {
  const std::string& url = request.value().type_url();
  if (std::string_view(url).substr(url.rfind('/') + 1) != kind.type) {
    out->emplace_back("value", "type " + Shown(url) + ", want type.googleapis.com/" + std::string(kind.type));
    return;
  }
  for (auto& violation : kind.check(request.value())) out->push_back(std::move(violation));
}

}  // namespace

absl::Status Validate(const v1::PublishConfigRequest& request) {
  const Kind* kind = FindKind(request.kind());
  if (kind == nullptr) return KindUnknown(request.kind());
  Violations wrong;
  CheckRequestId(request.request_id(), &wrong);
  CheckNameOf(request.kind(), request.name(), &wrong);
  CheckReason(request.reason(), &wrong);
  if (request.percentage() < 0 || request.percentage() > 100) {
    wrong.emplace_back("percentage", std::to_string(request.percentage()) + ", want 0 to 100");
  } else if (!kind->by_percentage && request.percentage() % 100 != 0) {
    wrong.emplace_back("percentage", std::to_string(request.percentage()) + ", want 100: for all at once");
  }
  if (request.expected_version() < -1) {
    wrong.emplace_back("expected_version", std::to_string(request.expected_version()) + ", want -1 or more");
  }
  CheckValue(*kind, request, &wrong);
  return FieldsError(wrong);
}

absl::Status Validate(const v1::RollbackConfigRequest& request) {
  Violations wrong;
  CheckRequestId(request.request_id(), &wrong);
  CheckItemName("kind", request.kind(), &wrong);
  CheckNameOf(request.kind(), request.name(), &wrong);
  if (request.to_version() < 1)
    wrong.emplace_back("to_version", std::to_string(request.to_version()) + ", want 1 or more");
  CheckReason(request.reason(), &wrong);
  return FieldsError(wrong);
}

absl::Status Validate(const v1::GetConfigRequest& request) {
  Violations wrong;
  CheckItemName("kind", request.kind(), &wrong);
  CheckNameOf(request.kind(), request.name(), &wrong);
  if (request.version() < 0) wrong.emplace_back("version", std::to_string(request.version()) + ", want 0 or more");
  return FieldsError(wrong);
}

absl::Status Validate(const v1::ListConfigVersionsRequest& request) {
  Violations wrong;
  CheckItemName("kind", request.kind(), &wrong);
  CheckNameOf(request.kind(), request.name(), &wrong);
  return FieldsError(wrong);
}

absl::Status Validate(const v1::WatchConfigsRequest& request) {
  Violations wrong;
  const size_t known = Kinds().size();
  if (request.kinds().empty() || static_cast<size_t>(request.kinds_size()) > known) {
    wrong.emplace_back("kinds", std::to_string(request.kinds_size()) + " kinds, want 1 to " + std::to_string(known));
    return FieldsError(wrong);
  }
  for (const std::string& kind : request.kinds()) {
    if (FindKind(kind) == nullptr) return KindUnknown(kind);
  }
  if (request.after_revision() < 0)
    wrong.emplace_back("after_revision", std::to_string(request.after_revision()) + ", want 0 or more");
  return FieldsError(wrong);
}

absl::Status Validate(const v1::SetRouteRequest& request, const std::vector<std::string>& services,
                      const std::vector<std::string>& cells) {
  Violations wrong;
  CheckRequestId(request.request_id(), &wrong);
  if (request.product() != domain::kAnyProduct && !IsLabel(request.product())) {
    wrong.emplace_back("product", Shown(request.product()) + ", want a product with a profile, or *");
  }
  CheckOneOf("service", request.service(), services, &wrong);
  std::vector<domain::RouteCell> wanted;
  for (const v1::RouteCell& cell : request.cells()) {
    wanted.push_back(
        {ToValidUtf8(Utf8Prefix(cell.cell(), 64)),
         cell.drained(),
         {ToValidUtf8(Utf8Prefix(cell.canary().version(), kMaxVersionBytes + 1)), cell.canary().percent()}});
  }
  for (auto& violation : domain::CheckCells("cells", wanted, cells)) wrong.push_back(std::move(violation));
  CheckReason(request.reason(), &wrong);
  if (request.expected_epoch() < 0)
    wrong.emplace_back("expected_epoch", std::to_string(request.expected_epoch()) + ", want 0 or more");
  return FieldsError(wrong);
}

absl::Status Validate(const v1::DeleteRouteRequest& request) {
  Violations wrong;
  CheckRequestId(request.request_id(), &wrong);
  if (!IsLabel(request.product())) wrong.emplace_back("product", Shown(request.product()) + ", want a product, not *");
  if (!IsLabel(request.service())) wrong.emplace_back("service", Shown(request.service()) + ", want a service");
  CheckReason(request.reason(), &wrong);
  return FieldsError(wrong);
}

absl::Status Validate(const v1::Instance& instance, const std::vector<std::string>& cells) {
  Violations wrong;
  const std::string& id = instance.instance_id();
  if (id.size() > kMaxInstanceId || !IsItemName(id)) {
    wrong.emplace_back("instance.instance_id", Shown(id) + ", want 1-64 characters of a-z 0-9 _ -");
  }
  if (!IsLabel(instance.service()))
    wrong.emplace_back("instance.service", Shown(instance.service()) + ", want 1-32 characters of a-z 0-9 -");
  CheckOneOf("instance.cell", instance.cell(), cells, &wrong);
  if (!IsIpAndPort(instance.address())) {
    wrong.emplace_back("instance.address",
                       Shown(instance.address()) + ", want an IP address and port, like 127.0.0.1:21010");
  }
  if (instance.version().size() > kMaxVersionBytes)
    wrong.emplace_back("instance.version", "too long, want at most 64 bytes");
  return FieldsError(wrong);
}

absl::StatusOr<int> PageSize(int page_size) {
  if (page_size == 0) return kDefaultPage;
  if (page_size >= 1 && page_size <= kMaxPage) return page_size;
  return FieldsError({{"page_size", std::to_string(page_size) + ", want 0 to 1000"}});
}

absl::Status CheckSameRequest(std::string_view method, const google::protobuf::Message& request,
                              std::string_view earlier_method, std::string_view earlier_request) {
  const auto reused = [](const std::string& field) -> absl::Status {
    return Error(absl::StatusCode::kInvalidArgument, "IDEMPOTENCY_KEY_REUSED",
                 "request_id: used before for a request with another " + field + ", want a new one")
        .With("field", field)
        .Field("request_id", "used before for a request with another " + field + ", want a new one");
  };
  if (method != earlier_method) return reused("method");
  std::unique_ptr<google::protobuf::Message> earlier(request.New());
  if (!earlier->ParseFromArray(earlier_request.data(), static_cast<int>(earlier_request.size())))
    return reused("method");
  const google::protobuf::Descriptor* descriptor = request.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    google::protobuf::util::MessageDifferencer differencer;
    const std::vector<const google::protobuf::FieldDescriptor*> field = {descriptor->field(i)};
    if (!differencer.CompareWithFields(request, *earlier, field, field)) return reused(descriptor->field(i)->name());
  }
  return absl::OkStatus();
}

}  // namespace trivium::control
