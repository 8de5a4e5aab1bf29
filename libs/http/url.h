// Percent-decoding of what stands in a request line (RFC 3986, and "+" of HTML forms).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trivium::http {

// Decodes "%41"; with plus_is_space also "+". Nothing when a "%" is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

// Encodes all but RFC 3986 "unreserved" characters.
std::string PercentEncode(std::string_view text);

// A query or form body ("a=1&b=%20") as decoded pairs in their order; a part without "=" has an empty value; empty
// parts are skipped. Nothing when a part cannot be decoded, or there are more than max_pairs.
std::optional<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view query,
                                                                           size_t max_pairs = 256);

// The path and query of a request target: origin-form ("/a%20b?c=d") or absolute-form ("http://host/a"). Nothing for
// other forms, an undecodable path, a path with a control character, and one with a segment "..".
struct Target {
  std::string path;        // Decoded.
  std::string_view query;  // Raw; part of the parsed text.
};
std::optional<Target> ParseTarget(std::string_view target);

}  // namespace trivium::http
