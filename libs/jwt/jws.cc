#include "libs/jwt/jws.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/jwt/base64url.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::jwt {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;

// A string member, "" when absent; nothing when it is something else.
std::optional<std::string> StringOf(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return "";
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// Keys in the header that say where to fetch a key are never looked at.
absl::Status ReadHeader(std::string_view text, Jws& jws) {
  const json header = ParseJsonObject(text);
  if (header.is_discarded()) return Refused("header: want a JSON object without repeated names");
  if (header.contains("crit")) return Refused("header: crit names extensions, want none");
  const auto type = StringOf(header, "typ"), algorithm = StringOf(header, "alg"), key_id = StringOf(header, "kid");
  if (!type || !algorithm || !key_id) return Refused("header: alg, kid, typ: want strings");
  if (!type->empty() && !absl::EqualsIgnoreCase(*type, "JWT")) return Refused("header: typ: want JWT");
  if (key_id->size() > kMaxKeyIdBytes) return Refused("header: kid: too long, want at most 128 bytes");
  jws.algorithm = *algorithm;
  jws.key_id = *key_id;
  return absl::OkStatus();
}

}  // namespace

absl::Status Refused(std::string_view what, std::string_view reason) {
  return Error(absl::StatusCode::kUnauthenticated, reason, absl::StrCat("token: ", ToAbsl(what)));
}

json ParseJsonObject(std::string_view text) {
  // To nlohmann a zero byte is the end of the text, whatever follows it.
  if (text.find('\0') != std::string_view::npos) return json(json::value_t::discarded);
  std::vector<std::set<std::string>> names;  // Of the objects that are open.
  bool good = true;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) good = false;
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second) good = false;
    if (event == json::parse_event_t::object_end) names.pop_back();
    return true;
  };
  json value = json::parse(text, watch, /*allow_exceptions=*/false);
  if (!good || !value.is_object()) return json(json::value_t::discarded);
  return value;
}

absl::StatusOr<Jws> ParseJws(std::string_view token) {
  if (token.empty()) return Refused("missing", "TOKEN_MISSING");
  if (token.size() > kMaxTokenBytes) return Refused("too long, want at most 8192 bytes");
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return Refused("want three parts parted by dots");
  }
  auto header = Base64UrlDecode(token.substr(0, first));
  auto payload = Base64UrlDecode(token.substr(first + 1, second - first - 1));
  auto signature = Base64UrlDecode(token.substr(second + 1));
  if (!header || !payload || !signature) return Refused("want three parts of base64url without padding");
  Jws jws;
  jws.signing_input = token.substr(0, second);
  jws.payload = *std::move(payload);
  jws.signature = *std::move(signature);
  TRIVIUM_RETURN_IF_ERROR(ReadHeader(*header, jws));
  return jws;
}

}  // namespace trivium::jwt
