#include "libs/fanout/envelope.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

constexpr size_t kHeadBytes = 19;

void AppendBigEndian(int64_t value, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
}

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes.substr(0, 8)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// What is wrong with an envelope, or "".
std::string ProblemOf(const Envelope& e) {
  if (e.payload.size() > kMaxPayloadBytes) {
    return absl::StrCat("payload: ", e.payload.size(), " bytes, want at most ", kMaxPayloadBytes);
  }
  if (e.kind == Kind::kTransient) {
    return e.offset == 0 && e.sequence == 0 && e.epoch.empty() ? ""
                                                               : "kind: transient, want no offset, sequence, epoch";
  }
  if (e.kind != Kind::kAppended && e.kind != Kind::kRestored) {
    return absl::StrCat("kind: ", static_cast<int>(e.kind), ", want 1-3");
  }
  if (e.offset < 1 || e.offset > kMaxOffset) return absl::StrCat("offset: ", e.offset, ", want 1 to 2^53");
  if (e.sequence < 0 || e.sequence > kMaxOffset) return absl::StrCat("sequence: ", e.sequence, ", want 0 to 2^53");
  if (e.epoch.empty() || e.epoch.size() > kMaxEpochBytes) {
    return absl::StrCat("epoch: ", e.epoch.size(), " bytes, want 1-", kMaxEpochBytes);
  }
  return "";
}

}  // namespace

absl::StatusOr<std::string> EncodeEnvelope(const Envelope& envelope) {
  if (const std::string problem = ProblemOf(envelope); !problem.empty()) {
    const size_t colon = problem.find(": ");
    return FieldsError({{problem.substr(0, colon), problem.substr(colon + 2)}});
  }
  std::string bytes;
  bytes.reserve(kHeadBytes + envelope.epoch.size() + envelope.payload.size());
  bytes.push_back(static_cast<char>(kEnvelopeVersion));
  bytes.push_back(static_cast<char>(envelope.kind));
  AppendBigEndian(envelope.offset, &bytes);
  AppendBigEndian(envelope.sequence, &bytes);
  bytes.push_back(static_cast<char>(envelope.epoch.size()));
  bytes.append(envelope.epoch).append(envelope.payload);
  return bytes;
}

absl::StatusOr<Envelope> DecodeEnvelope(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) {
    return absl::DataLossError(absl::StrCat("envelope: ", bytes.size(), " bytes, want at least ", kHeadBytes));
  }
  if (const auto version = static_cast<uint8_t>(bytes[0]); version != kEnvelopeVersion) {
    return absl::DataLossError(absl::StrCat("envelope.version: ", version, ", want ", kEnvelopeVersion));
  }
  const size_t epoch = static_cast<uint8_t>(bytes[18]);
  if (bytes.size() < kHeadBytes + epoch) return absl::DataLossError("envelope.epoch: longer than the envelope");
  const Envelope envelope{.kind = static_cast<Kind>(bytes[1]),
                          // 2^63 and more become negative, and so are refused below.
                          .offset = static_cast<int64_t>(ReadBigEndian(bytes.substr(2))),
                          .sequence = static_cast<int64_t>(ReadBigEndian(bytes.substr(10))),
                          .epoch = bytes.substr(kHeadBytes, epoch),
                          .payload = bytes.substr(kHeadBytes + epoch)};
  if (const std::string problem = ProblemOf(envelope); !problem.empty()) {
    return absl::DataLossError(absl::StrCat("envelope.", problem));
  }
  return envelope;
}

}  // namespace trivium::fanout
