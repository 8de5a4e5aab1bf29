#include "libs/jwt/claims.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/jwt/jws.h"
#include "libs/status/status.h"

namespace trivium::jwt {
namespace {

using nlohmann::json;

constexpr double kMaxSeconds = 253402300799;  // The last of the year 9999.

struct TextClaim {
  const char* name;
  std::string Claims::*field;
  bool required;
  size_t max_bytes;
  std::string_view marks;  // Allowed besides letters and digits; "" for any character.
  bool lower;              // No upper-case letters.
  bool shared = false;     // Products have claims of this name, too: one that is not like ours is theirs, and not read.
};
constexpr TextClaim kTexts[] = {
    {"sub", &Claims::subject, true, kMaxSubjectBytes, "._-@", false},
    {"product", &Claims::product, true, kMaxProductBytes, "_-", true},
    {"jti", &Claims::token_id, false, kMaxTokenIdBytes, "", false},
    {"room", &Claims::room, false, kMaxSubjectBytes, "._-@", false, true},
    {"role", &Claims::role, false, kMaxRoleBytes, "_-", false, true},
};

struct TimeClaim {
  const char* name;
  absl::Time Claims::*field;
  bool required;
};
constexpr TimeClaim kTimes[] = {
    {"exp", &Claims::expires, true}, {"nbf", &Claims::not_before, false}, {"iat", &Claims::issued, false}};

struct ListClaim {
  const char* name;
  std::vector<std::string> Claims::*field;
  bool single;  // A string stands for a list of one.
  size_t max_items, max_bytes;
};
constexpr ListClaim kLists[] = {{"aud", &Claims::audience, true, kMaxAudiences, kMaxTokenIdBytes},
                                {"caps", &Claims::caps, false, kMaxCaps, kMaxCapBytes}};

absl::Status BadClaim(absl::string_view name, absl::string_view want) {
  return Refused(absl::StrCat(name, ": want ", want));
}

bool HasCharacters(const TextClaim& claim, const std::string& text) {
  return claim.marks.empty() || std::all_of(text.begin(), text.end(), [&](unsigned char c) {
           const bool letter = absl::ascii_isalnum(c) && !(claim.lower && absl::ascii_isupper(c));
           return letter || claim.marks.find(static_cast<char>(c)) != std::string_view::npos;
         });
}

absl::Status ReadText(const json& payload, const TextClaim& claim, Claims& claims) {
  const auto found = payload.find(claim.name);
  if (found == payload.end() && !claim.required) return absl::OkStatus();
  const std::string text = found != payload.end() && found->is_string() ? found->get<std::string>() : "";
  if (text.empty() || text.size() > claim.max_bytes || !HasCharacters(claim, text)) {
    if (claim.shared) return absl::OkStatus();
    return BadClaim(claim.name, absl::StrCat("a string of 1-", claim.max_bytes, " characters",
                                             claim.marks.empty() ? "" : " of those that ids have"));
  }
  claims.*claim.field = text;
  return absl::OkStatus();
}

// NumericDate: seconds since 1970, perhaps with a fraction.
absl::Status ReadTime(const json& payload, const TimeClaim& claim, Claims& claims) {
  const auto found = payload.find(claim.name);
  if (found == payload.end() && !claim.required) return absl::OkStatus();
  const double seconds = found != payload.end() && found->is_number() ? found->get<double>() : -1;
  if (!(seconds >= 0 && seconds <= kMaxSeconds)) return BadClaim(claim.name, "a number of seconds since 1970");
  claims.*claim.field = absl::FromUnixMillis(static_cast<int64_t>(std::floor(seconds * 1000)));
  return absl::OkStatus();
}

absl::Status ReadList(const json& payload, const ListClaim& claim, Claims& claims) {
  const auto found = payload.find(claim.name);
  if (found == payload.end()) return absl::OkStatus();
  const json list = claim.single && found->is_string() ? json::array({*found}) : *found;
  const auto fits = [&](const json& item) {
    return item.is_string() && !item.get_ref<const std::string&>().empty() &&
           item.get_ref<const std::string&>().size() <= claim.max_bytes;
  };
  if (!list.is_array() || list.size() > claim.max_items || !std::all_of(list.begin(), list.end(), fits)) {
    return BadClaim(claim.name, absl::StrCat("at most ", claim.max_items, " strings of 1-", claim.max_bytes, " bytes"));
  }
  claims.*claim.field = list.get<std::vector<std::string>>();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Claims> ParseClaims(std::string_view text) {
  const json payload = ParseJsonObject(text);
  if (payload.is_discarded()) return Refused("payload: want a JSON object without repeated names");
  Claims claims;
  for (const TextClaim& claim : kTexts) TRIVIUM_RETURN_IF_ERROR(ReadText(payload, claim, claims));
  for (const TimeClaim& claim : kTimes) TRIVIUM_RETURN_IF_ERROR(ReadTime(payload, claim, claims));
  for (const ListClaim& claim : kLists) TRIVIUM_RETURN_IF_ERROR(ReadList(payload, claim, claims));
  return claims;
}

std::string FormatClaims(const Claims& claims) {
  json payload = json::object();
  for (const TextClaim& claim : kTexts) {
    if (!(claims.*claim.field).empty()) payload[claim.name] = claims.*claim.field;
  }
  for (const TimeClaim& claim : kTimes) {
    if (claims.*claim.field != absl::InfinitePast()) payload[claim.name] = absl::ToUnixSeconds(claims.*claim.field);
  }
  for (const ListClaim& claim : kLists) {
    if (!(claims.*claim.field).empty()) payload[claim.name] = claims.*claim.field;
  }
  return payload.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace trivium::jwt
