// Audience expressions: `grade=7 AND city=深圳 AND NOT trial`.
//
//   expression = conjunction { "OR" conjunction }
//   conjunction = negation { "AND" negation }
//   negation = "NOT" negation | "(" expression ")" | term
//   term = key | key "=" value | key "IN" "(" value { "," value } ")"
//   key = a-z { a-z 0-9 _ }, at most 32 characters
//   value = bare | quoted, at most 64 characters; bare: letters of any script, digits, . _ -;
//           quoted: "..." in which \" and \\ stand for " and \; no control characters
//
// Pure: an expression is parsed, printed in its canonical form, and held against one user's tags. How a store finds the
// users: audience_plan.h.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trivium::push {

inline constexpr size_t kAudienceCharactersMax = 1000;
inline constexpr size_t kAudienceTermsMax = 50;
inline constexpr size_t kAudienceLevelsMax = 10;  // Of parentheses and NOT.
inline constexpr size_t kAudienceValuesMax = 50;  // Of one IN.
inline constexpr size_t kTagKeyCharactersMax = 32;
inline constexpr size_t kTagValueCharactersMax = 64;

using Tags = std::map<std::string, std::string>;

struct Audience {
  enum class Kind { kHas, kIn, kNot, kAnd, kOr };
  Kind kind = Kind::kHas;
  std::string key;                  // kHas, kIn.
  std::vector<std::string> values;  // kIn: sorted, each once, at least one.
  std::vector<Audience> children;   // kNot: one. kAnd, kOr: at least two, none of the same kind.

  bool operator==(const Audience&) const = default;
};

struct AudienceError {
  size_t position = 0;  // In characters (code points) from 0.
  std::string problem;  // "found ..., want ...".
};

// Parses text. An empty problem: *audience is set. A double NOT is none; nested ANDs and ORs become one.
AudienceError ParseAudience(std::string_view text, Audience* audience);
// The canonical form: parsing it gives the same Audience.
std::string FormatAudience(const Audience& audience);
// Whether a user with these tags is meant: the reference for every other way to find out.
bool Matches(const Audience& audience, const Tags& tags);

// Whether text is a tag's key, and a tag's value.
bool IsTagKey(std::string_view text);
bool IsTagValue(std::string_view text);

}  // namespace trivium::push
