#include "libs/http/message.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "libs/http/url.h"
#include "libs/text/view.h"

namespace trivium::http {

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::string Request::Parameter(std::string_view name) const {
  for (const absl::string_view piece : absl::StrSplit(ToAbsl(query), '&', absl::SkipEmpty())) {
    const std::string_view part = ToStd(piece);
    const size_t equals = std::min(part.find('='), part.size());
    if (PercentDecode(part.substr(0, equals), true) != name) continue;
    return PercentDecode(part.substr(std::min(equals + 1, part.size())), true).value_or("");
  }
  return {};
}

std::string_view Request::Cookie(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key != "cookie") continue;
    for (const absl::string_view piece : absl::StrSplit(value, ';')) {
      const std::string_view part = ToStd(absl::StripAsciiWhitespace(piece));
      const size_t equals = part.find('=');
      if (equals != std::string_view::npos && part.substr(0, equals) == name) return part.substr(equals + 1);
    }
  }
  return {};
}

}  // namespace trivium::http
