#include "services/gateway/clients/ack_command.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/json_scanner.h"
#include "libs/text/view.h"
#include "services/gateway/clients/push_link.h"

namespace trivium::gateway {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::string_view kMessageKind = "msg";

absl::Status Invalid(absl::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "BODY_INVALID", absl::StrCat("push.ack: ", what));
}

bool ReadIds(JsonScanner& scanner, std::vector<Id>* ids) {
  return scanner.ReadArray([&] {
    std::string text;
    if (!scanner.ReadString(&text)) return false;
    const auto id = ParseId(kMessageKind, text);
    if (!id.ok()) return scanner.Fail("want ids as \"msg_...\"");
    if (ids->size() >= kMaxAckIds) return scanner.Fail("want at most 1000 ids");
    ids->push_back(*id);
    return true;
  });
}

}  // namespace

absl::StatusOr<AckRequest> ParseAck(std::string_view json) {
  AckRequest request;
  JsonScanner scanner(json.empty() ? std::string_view("{}") : json, kMaxDepth);
  const bool read = scanner.ReadObject([&](std::string_view name) {
    std::string_view skipped;
    const bool ok = name == "channel"       ? scanner.ReadString(&request.channel)
                    : name == "epoch"       ? scanner.ReadString(&request.epoch)
                    : name == "offset"      ? scanner.ReadUnsigned(std::numeric_limits<int64_t>::max(), &request.offset)
                    : name == "message_ids" ? ReadIds(scanner, &request.message_ids)
                                            : scanner.ReadRaw(&skipped);
    return ok || scanner.FailIn(name);
  });
  if (!read) return Invalid(scanner.status().message());
  scanner.SkipSpace();
  if (!scanner.AtEnd()) return Invalid("want one JSON object");
  return request;
}

std::string FormatAck(const std::vector<Id>& message_ids) {
  std::string json = "{\"message_ids\":[";
  for (size_t i = 0; i < message_ids.size(); ++i) {
    absl::StrAppend(&json, i == 0 ? "\"" : ",\"", FormatId(kMessageKind, message_ids[i]), "\"");
  }
  return json + "]}";
}

NativeHandler AckHandler(std::shared_ptr<PushLinks> links) {
  return [links = std::move(links)](const CommandCall& call, absl::Duration, CallDone done) {
    if (call.form != BodyForm::kJson) return done(Invalid("want a JSON body"));
    auto request = ParseAck(call.payload);
    if (!request.ok()) return done(request.status());
    if (!request->channel.empty()) {
      return done(Invalid("channel: a position is of a connection, want message_ids over HTTP"));
    }
    const size_t count = request->message_ids.size();
    auto shared = std::make_shared<CallDone>(std::move(done));
    links->Of(call.product)
        .Acknowledge(call.uid, std::move(request->message_ids), [shared, count](absl::Status status) {
          if (!status.ok()) return (*shared)(std::move(status));
          (*shared)(absl::StrCat("{\"acked\":", count, "}"));
        });
  };
}

}  // namespace trivium::gateway
