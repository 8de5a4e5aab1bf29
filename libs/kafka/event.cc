#include "libs/kafka/event.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/status/status.h"

namespace trivium::kafka {
namespace {

constexpr char kContentType[] = "application/protobuf";
constexpr char kIdKind[] = "evt";

// "/trivium/payment" of "trivium.payment.events.v1".
std::string SourceOf(const std::string& topic) {
  const std::vector<std::string> parts = absl::StrSplit(topic, '.');
  return absl::StrCat("/", parts[0], parts.size() > 1 ? "/" : "", parts.size() > 1 ? parts[1] : "");
}

// Headers by name; the last of a name counts.
class HeaderMap {
 public:
  explicit HeaderMap(const Headers& headers) {
    for (const auto& [name, value] : headers) values_[name] = value;
  }
  absl::StatusOr<std::string> Required(const std::string& name) const {
    const auto it = values_.find(name);
    if (it == values_.end() || it->second.empty()) return absl::InvalidArgumentError("header " + name + ": missing");
    return it->second;
  }
  std::string Optional(const std::string& name) const {
    const auto it = values_.find(name);
    return it == values_.end() ? "" : it->second;
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace

Message ToMessage(const Event& event) {
  Message message{.topic = event.topic, .key = event.key, .payload = event.payload, .headers = {}};
  message.headers = {
      {"ce_specversion", "1.0"},
      {"ce_id", FormatId(kIdKind, event.id)},
      {"ce_source", SourceOf(event.topic)},
      {"ce_type", event.type},
      {"ce_time", absl::FormatTime(absl::RFC3339_full, event.time, absl::UTCTimeZone())},
      {"ce_product", event.product},
      {"content-type", kContentType},
  };
  if (!event.subject.empty()) message.headers.emplace_back("ce_subject", event.subject);
  if (!event.traceparent.empty()) message.headers.emplace_back("traceparent", event.traceparent);
  return message;
}

absl::StatusOr<Event> FromMessage(const Message& message) {
  const HeaderMap headers(message.headers);
  Event event{.topic = message.topic, .key = message.key, .payload = message.payload};
  TRIVIUM_ASSIGN_OR_RETURN(const std::string id, headers.Required("ce_id"));
  absl::StatusOr<Id> parsed = ParseId(kIdKind, id);
  if (!parsed.ok()) return absl::InvalidArgumentError("header ce_id: want an id of kind evt");
  event.id = *parsed;
  TRIVIUM_ASSIGN_OR_RETURN(event.type, headers.Required("ce_type"));
  TRIVIUM_ASSIGN_OR_RETURN(event.product, headers.Required("ce_product"));
  TRIVIUM_ASSIGN_OR_RETURN(const std::string time, headers.Required("ce_time"));
  if (std::string error; !absl::ParseTime(absl::RFC3339_full, time, &event.time, &error)) {
    return absl::InvalidArgumentError("header ce_time: want a time of RFC 3339");
  }
  event.subject = headers.Optional("ce_subject");
  event.traceparent = headers.Optional("traceparent");
  return event;
}

}  // namespace trivium::kafka
