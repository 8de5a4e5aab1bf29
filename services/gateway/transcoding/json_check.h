// Strict check of JSON before the library reads it. Protobuf's own parser takes what RFC 8259 does not (single quotes,
// bare words, trailing commas), keeps the last of duplicate keys, and counts nothing: two readers could see two
// requests, and a small body could cost much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trivium::gateway {

struct JsonLimits {
  int max_depth = 30;  // Objects and arrays inside one another; three message levels each stay below Protobuf's 100.
  size_t max_elements = 10'000;   // Values, counting objects and arrays themselves.
  size_t max_number_length = 64;  // Characters of one number.
};

struct JsonProblem {
  size_t offset = 0;    // Byte where it is seen.
  std::string path;     // "items[2].price" of the value it is in; "" for the whole.
  std::string message;  // "NaN, want a JSON value"
};

// What is wrong with text as one RFC 8259 value in UTF-8 within limits: syntax, invalid UTF-8, lone surrogates, a key
// twice in an object, a number that no double holds, too deep, too many. nullopt: nothing.
std::optional<JsonProblem> CheckJson(std::string_view text, const JsonLimits& limits);

struct JsonPlace {
  size_t offset = 0;
  std::string path;  // As the text spells it.
};

// Where the value of a path ("items[2].price") is. Names may be spelled as in the text or as the other of snake_case
// and lowerCamelCase, since the library speaks of "unit_price" where the text says "unitPrice". nullopt: there is none.
// Of text that CheckJson takes.
std::optional<JsonPlace> FindJsonPath(std::string_view text, std::string_view path);

}  // namespace trivium::gateway
