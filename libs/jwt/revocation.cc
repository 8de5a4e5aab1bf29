#include "libs/jwt/revocation.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/jwt/jws.h"
#include "libs/status/status.h"

namespace trivium::jwt {
namespace {

using nlohmann::json;

constexpr int64_t kMaxSeconds = 253402300799;  // The last of the year 9999.

absl::StatusOr<std::string> TextOf(const json& row, const std::string& path, const char* name) {
  const auto found = row.is_object() ? row.find(name) : row.end();
  if (found == row.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ".", name, ": want a string that is not empty"));
  }
  return found->get<std::string>();
}

absl::StatusOr<absl::Time> TimeOf(const json& row, const std::string& path, const char* name) {
  const auto found = row.find(name);
  const bool whole = found != row.end() && found->is_number_integer();
  const int64_t seconds = whole ? found->get<int64_t>() : -1;
  if (seconds < 0 || seconds > kMaxSeconds) {
    return absl::InvalidArgumentError(absl::StrCat(path, ".", name, ": want seconds since 1970"));
  }
  return absl::FromUnixSeconds(seconds);
}

absl::StatusOr<json> ListOf(const json& document, const char* name) {
  if (!document.contains(name)) return json::array();
  if (!document[name].is_array()) return absl::InvalidArgumentError(absl::StrCat(name, ": want an array"));
  return document[name];
}

absl::Status CheckNames(const json& document) {
  for (const auto& [name, value] : document.items()) {
    if (name == "tokens" || name == "subjects") continue;
    return absl::InvalidArgumentError(absl::StrCat(name, ": unknown, want tokens and subjects"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RevocationList> RevocationList::Parse(std::string_view text) {
  const json document = ParseJsonObject(text);
  if (document.is_discarded()) return absl::InvalidArgumentError("want a JSON object without repeated names");
  TRIVIUM_RETURN_IF_ERROR(CheckNames(document));
  TRIVIUM_ASSIGN_OR_RETURN(const json tokens, ListOf(document, "tokens"));
  TRIVIUM_ASSIGN_OR_RETURN(const json subjects, ListOf(document, "subjects"));
  if (tokens.size() + subjects.size() > kMaxRevocations) {
    return absl::InvalidArgumentError(absl::StrCat("want at most ", kMaxRevocations, " entries"));
  }
  RevocationList list;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string path = absl::StrCat("tokens[", i, "]");
    TRIVIUM_ASSIGN_OR_RETURN(std::string product, TextOf(tokens[i], path, "product"));
    TRIVIUM_ASSIGN_OR_RETURN(std::string id, TextOf(tokens[i], path, "jti"));
    list.tokens_.emplace(std::move(product), std::move(id));
  }
  for (size_t i = 0; i < subjects.size(); ++i) {
    const std::string path = absl::StrCat("subjects[", i, "]");
    TRIVIUM_ASSIGN_OR_RETURN(std::string product, TextOf(subjects[i], path, "product"));
    TRIVIUM_ASSIGN_OR_RETURN(std::string subject, TextOf(subjects[i], path, "sub"));
    TRIVIUM_ASSIGN_OR_RETURN(const absl::Time before, TimeOf(subjects[i], path, "issued_before"));
    absl::Time& latest = list.subjects_.try_emplace({std::move(product), std::move(subject)}, before).first->second;
    latest = std::max(latest, before);
  }
  return list;
}

bool RevocationList::Revokes(std::string_view product, std::string_view subject, std::string_view token_id,
                             absl::Time issued) const {
  if (size() == 0) return false;
  if (tokens_.contains({std::string(product), std::string(token_id)})) return true;
  const auto found = subjects_.find({std::string(product), std::string(subject)});
  return found != subjects_.end() && issued < found->second;
}

}  // namespace trivium::jwt
