#include "services/push/domain/audience.h"

#include <algorithm>

#include "services/push/domain/audience_text.h"

namespace trivium::push {
namespace {

using Kind = Audience::Kind;

bool IsBare(const std::string& value) {
  std::string_view rest = value;
  while (!rest.empty()) {
    const int length = BareLength(rest);
    if (length == 0) return false;
    rest.remove_prefix(static_cast<size_t>(length));
  }
  return !value.empty();
}

std::string FormatValue(const std::string& value) {
  if (IsBare(value)) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string FormatIn(const Audience& a) {
  if (a.values.size() == 1) return a.key + "=" + FormatValue(a.values[0]);
  std::string text = a.key + " IN (";
  for (size_t i = 0; i < a.values.size(); ++i) text += (i == 0 ? "" : ", ") + FormatValue(a.values[i]);
  return text + ")";
}

// NOT binds closer than AND, AND closer than OR: a child of a looser kind stands in parentheses.
std::string FormatChild(const Audience& child, Kind parent) {
  const bool looser = child.kind == Kind::kOr || (child.kind == Kind::kAnd && parent == Kind::kNot);
  return looser ? "(" + FormatAudience(child) + ")" : FormatAudience(child);
}

}  // namespace

std::string FormatAudience(const Audience& a) {
  if (a.kind == Kind::kHas) return a.key;
  if (a.kind == Kind::kIn) return FormatIn(a);
  if (a.kind == Kind::kNot) return "NOT " + FormatChild(a.children[0], a.kind);
  std::string text;
  for (const Audience& child : a.children) {
    if (!text.empty()) text += a.kind == Kind::kAnd ? " AND " : " OR ";
    text += FormatChild(child, a.kind);
  }
  return text;
}

bool Matches(const Audience& a, const Tags& tags) {
  const auto meets = [&tags](const Audience& child) { return Matches(child, tags); };
  switch (a.kind) {
    case Kind::kHas:
      return tags.contains(a.key);
    case Kind::kIn: {
      const auto tag = tags.find(a.key);
      return tag != tags.end() && std::ranges::binary_search(a.values, tag->second);
    }
    case Kind::kNot:
      return !Matches(a.children[0], tags);
    case Kind::kAnd:
      return std::ranges::all_of(a.children, meets);
    case Kind::kOr:
      return std::ranges::any_of(a.children, meets);
  }
  return false;
}

}  // namespace trivium::push
