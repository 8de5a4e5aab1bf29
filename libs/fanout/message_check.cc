#include "libs/fanout/message_check.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

void CheckRange(std::string path, int64_t value, int64_t min, int64_t max, Violations* violations) {
  if (value >= min && value <= max) return;
  violations->emplace_back(std::move(path), absl::StrCat(value, ", want ", min, " to ", max));
}

void CheckTtl(std::string path, absl::Duration value, absl::Duration max, Violations* violations) {
  if (value >= absl::Milliseconds(1) && value <= max) return;
  violations->emplace_back(std::move(path),
                           absl::StrCat(absl::FormatDuration(value), ", want 1ms to ", absl::FormatDuration(max)));
}

void CheckPayload(std::string path, const std::string& payload, Violations* violations) {
  if (payload.size() <= kMaxPayloadBytes) return;
  violations->emplace_back(std::move(path), absl::StrCat(payload.size(), " bytes, want at most ", kMaxPayloadBytes));
}

void CheckHistory(const HistoryOptions& history, Violations* violations) {
  CheckRange("history.size", history.size, 1, kMaxHistorySize, violations);
  CheckTtl("history.ttl", history.ttl, kMaxHistoryTtl, violations);
}

// Sequences of entries: ascending, inside the range.
void CheckEntries(const Restoration& restoration, Violations* violations) {
  int64_t before = restoration.after;
  for (size_t i = 0; i < restoration.entries.size() && violations->empty(); ++i) {
    const auto& [sequence, payload] = restoration.entries[i];
    const std::string path = absl::StrCat("entries[", i, "]");
    CheckRange(path + ".sequence", sequence, before + 1, restoration.through, violations);
    CheckPayload(path + ".payload", payload, violations);
    before = sequence;
  }
}

}  // namespace

absl::Status CheckPublisherOptions(const PublisherOptions& options) {
  if (options.meta_ttl >= 4 * kMaxHistoryTtl && options.meta_ttl <= absl::Hours(24 * 3650)) return absl::OkStatus();
  return FieldsError({{"meta_ttl", absl::StrCat(absl::FormatDuration(options.meta_ttl), ", want ",
                                                absl::FormatDuration(4 * kMaxHistoryTtl),
                                                " (four times the longest history) to 3650 days")}});
}

absl::Status CheckBatch(std::span<const Message> messages) {
  size_t bytes = 0;
  for (const Message& message : messages) bytes += message.payload.size();
  Violations violations;
  if (messages.size() > kMaxBatch) {
    violations.emplace_back("messages", absl::StrCat(messages.size(), " messages, want at most ", kMaxBatch));
  }
  if (bytes > kMaxBatchBytes) {
    violations.emplace_back("messages", absl::StrCat(bytes, " bytes of payload, want at most ", kMaxBatchBytes));
  }
  return FieldsError(violations);
}

absl::Status CheckAppend(const Message& message) {
  Violations violations;
  CheckChannel(message.channel, "channel", &violations);
  CheckPayload("payload", message.payload, &violations);
  CheckHistory(message.history, &violations);
  CheckRange("sequence", message.sequence, 0, kMaxOffset, &violations);
  if (message.idempotency_key.size() > kMaxIdempotencyKeyBytes) {
    violations.emplace_back("idempotency_key", absl::StrCat(message.idempotency_key.size(), " bytes, want at most ",
                                                            kMaxIdempotencyKeyBytes));
  }
  if (!message.idempotency_key.empty()) {
    CheckTtl("idempotency_ttl", message.idempotency_ttl, kMaxIdempotencyTtl, &violations);
  }
  return FieldsError(violations);
}

absl::Status CheckPublishOnly(const Message& message) {
  Violations violations;
  CheckChannel(message.channel, "channel", &violations);
  CheckPayload("payload", message.payload, &violations);
  CheckRange("sequence", message.sequence, 0, 0, &violations);
  if (!message.idempotency_key.empty()) violations.emplace_back("idempotency_key", "given, want none: nothing is kept");
  return FieldsError(violations);
}

absl::Status CheckRestoration(const Restoration& restoration) {
  Violations violations;
  CheckChannel(restoration.channel, "channel", &violations);
  CheckHistory(restoration.history, &violations);
  CheckRange("after", restoration.after, 0, kMaxOffset - 1, &violations);
  if (violations.empty()) CheckRange("through", restoration.through, restoration.after + 1, kMaxOffset, &violations);
  if (restoration.entries.size() > static_cast<size_t>(kMaxHistorySize)) {
    violations.emplace_back("entries",
                            absl::StrCat(restoration.entries.size(), " entries, want at most ", kMaxHistorySize));
  }
  if (violations.empty()) CheckEntries(restoration, &violations);
  return FieldsError(violations);
}

}  // namespace trivium::fanout
