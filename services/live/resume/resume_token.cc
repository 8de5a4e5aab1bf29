#include "services/live/resume/resume_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/view.h"
#include "services/live/admission/fields.h"

namespace trivium::live {
namespace {

constexpr int64_t kVersion = 1;
constexpr size_t kSignatureBytes = 32;

std::string Sign(const std::string& secret, std::string_view payload) {
  std::string signature(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(payload.data()), payload.size(),
       reinterpret_cast<unsigned char*>(signature.data()), &size);
  signature.resize(size);
  return signature;
}

absl::Status Invalid(std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "RESUME_TOKEN_INVALID",
               absl::StrCat("resume_token: ", ToAbsl(what), ", want the one of the last answer"))
      .Field("resume_token", what);
}

void AppendText(std::string_view text, std::string* out) {
  AppendNumber(static_cast<int64_t>(text.size()), 1, out);
  out->append(text);
}

std::string_view ReadText(Fields* fields) { return fields->Text(static_cast<size_t>(fields->Number(1))); }

int MuteBits(const Mute& mute) { return (mute.audio ? 1 : 0) + (mute.video ? 2 : 0); }

std::string Payload(const ResumeToken& token) {
  std::string payload;
  AppendNumber(kVersion, 1, &payload);
  AppendText(token.room.product, &payload);
  payload += token.room.room_id.ToBytes();
  AppendText(token.user_id, &payload);
  const ResumeClaim& claim = token.claim;
  payload += claim.join_id.ToBytes();
  for (const int64_t small : {int64_t{static_cast<int>(claim.role)}, int64_t{static_cast<int>(claim.rung)},
                              int64_t{claim.seat}, int64_t{MuteBits(claim.mute)}}) {
    AppendNumber(small, 1, &payload);
  }
  for (const int64_t number :
       {claim.epoch, claim.placed, claim.ticket, absl::ToUnixMillis(claim.joined), absl::ToUnixMillis(token.issued)}) {
    AppendNumber(number, 8, &payload);
  }
  return payload;
}

// A payload that was signed by us, so of our form.
absl::StatusOr<ResumeToken> ReadPayload(std::string_view payload) {
  Fields fields(payload);
  ResumeToken token;
  if (fields.Number(1) != kVersion) return Invalid("of another version");
  token.room.product = std::string(ReadText(&fields));
  const std::string_view room_id = fields.Text(16);
  token.user_id = std::string(ReadText(&fields));
  const std::string_view join_id = fields.Text(16);
  token.claim.role = static_cast<Role>(fields.Number(1));
  token.claim.rung = static_cast<Rung>(fields.Number(1));
  token.claim.seat = static_cast<int>(fields.Number(1));
  const int64_t mute = fields.Number(1);
  token.claim.mute = {.audio = (mute & 1) != 0, .video = (mute & 2) != 0};
  token.claim.epoch = fields.Number(8);
  token.claim.placed = fields.Number(8);
  token.claim.ticket = fields.Number(8);
  token.claim.joined = absl::FromUnixMillis(fields.Number(8));
  token.issued = absl::FromUnixMillis(fields.Number(8));
  if (fields.failed() || !fields.rest().empty()) return Invalid("malformed");
  token.room.room_id = *Id::FromBytes(room_id);
  token.claim.join_id = *Id::FromBytes(join_id);
  return token;
}

}  // namespace

ResumeClaim ClaimOfPlace(const Place& place) {
  return {.join_id = place.join_id,
          .epoch = place.epoch,
          .role = place.role,
          .rung = place.rung,
          .seat = place.seat,
          .mute = place.mute,
          .placed = place.placed,
          .ticket = place.ticket,
          .joined = place.joined};
}

absl::StatusOr<ResumeTokens> ResumeTokens::Create(std::vector<std::string> secrets) {
  std::vector<std::pair<std::string, std::string>> found;
  if (secrets.empty() || secrets.size() > 4) {
    found.emplace_back("secrets", absl::StrCat(secrets.size(), ", want 1 to 4"));
  }
  for (size_t i = 0; i < secrets.size(); ++i) {
    if (secrets[i].size() >= kMinResumeSecretBytes) continue;
    found.emplace_back(absl::StrCat("secrets[", i, "]"),
                       absl::StrCat(secrets[i].size(), " bytes, want >= ", kMinResumeSecretBytes));
  }
  TRIVIUM_RETURN_IF_ERROR(FieldsError(found));
  return ResumeTokens(std::move(secrets));
}

std::string ResumeTokens::Seal(const ResumeToken& token) const {
  const std::string payload = Payload(token);
  return absl::WebSafeBase64Escape(payload + Sign(secrets_.front(), payload));
}

bool ResumeTokens::IsSigned(std::string_view payload, std::string_view signature) const {
  return std::any_of(secrets_.begin(), secrets_.end(), [&](const std::string& secret) {
    return CRYPTO_memcmp(Sign(secret, payload).data(), signature.data(), kSignatureBytes) == 0;
  });
}

absl::StatusOr<ResumeClaim> ResumeTokens::Open(std::string_view token, const RoomId& room, std::string_view user_id,
                                               absl::Time now, absl::Duration max_age) const {
  std::string bytes;
  if (token.size() > kMaxResumeTokenBytes || !absl::WebSafeBase64Unescape(ToAbsl(token), &bytes) ||
      bytes.size() <= kSignatureBytes) {
    return Invalid("malformed");
  }
  const std::string_view all = bytes, payload = all.substr(0, all.size() - kSignatureBytes);
  if (!IsSigned(payload, all.substr(payload.size()))) return Invalid("not signed by this cell");
  TRIVIUM_ASSIGN_OR_RETURN(const ResumeToken opened, ReadPayload(payload));
  if (opened.room != room || opened.user_id != user_id) return Invalid("another participant's");
  if (absl::AbsDuration(now - opened.issued) > max_age) {
    return Error(absl::StatusCode::kInvalidArgument, "RESUME_TOKEN_EXPIRED",
                 absl::StrCat("resume_token: ", absl::FormatDuration(now - opened.issued), " old, want at most ",
                              absl::FormatDuration(max_age)))
        .Field("resume_token", "too old");
  }
  return opened.claim;
}

}  // namespace trivium::live
