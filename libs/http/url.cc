#include "libs/http/url.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool IsSafePath(std::string_view path) {
  for (const char c : path) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) return false;
  }
  for (const absl::string_view segment : absl::StrSplit(ToAbsl(path), '/')) {
    if (segment == "..") return false;
  }
  return true;
}

// "http://host:port/path" -> "/path".
std::string_view WithoutAuthority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(ToAbsl(target), ToAbsl(scheme))) continue;
    const size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  return target;
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexValue(text[i + 1]), low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHexDigits[byte >> 4]);
    out.push_back(kHexDigits[byte & 15]);
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view query, size_t max_pairs) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const absl::string_view piece : absl::StrSplit(ToAbsl(query), '&', absl::SkipEmpty())) {
    const std::string_view part = ToStd(piece);
    if (pairs.size() == max_pairs) return std::nullopt;
    const size_t equals = std::min(part.find('='), part.size());
    std::optional<std::string> name = PercentDecode(part.substr(0, equals), true);
    std::optional<std::string> value = PercentDecode(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return std::nullopt;
    pairs.emplace_back(*std::move(name), *std::move(value));
  }
  return pairs;
}

std::optional<Target> ParseTarget(std::string_view target) {
  target = WithoutAuthority(target);
  if (target.empty() || target[0] != '/') return std::nullopt;
  const size_t question = std::min(target.find('?'), target.size());
  std::optional<std::string> path = PercentDecode(target.substr(0, question), false);
  if (!path || !IsSafePath(*path)) return std::nullopt;
  return Target{*std::move(path), target.substr(std::min(question + 1, target.size()))};
}

}  // namespace trivium::http
