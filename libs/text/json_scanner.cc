#include "libs/text/json_scanner.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium {
namespace {

constexpr bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What stands behind a backslash, and the character that it means.
struct Escape {
  char letter, meaning;
};
constexpr Escape kEscapes[] = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},  {'b', '\b'},
                               {'f', '\f'}, {'n', '\n'},  {'r', '\r'}, {'t', '\t'}};

bool IsPlain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

// Length of what a string holds as it is at the start of text: a run of ASCII, or one character of UTF-8. 0: invalid
// UTF-8.
size_t PlainLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && IsPlain(text[length])) ++length;
  return length > 0 ? length : Utf8SequenceLength(text.substr(0, 4));
}

void AppendUtf8(uint32_t point, std::string* text) {
  if (point < 0x80) {
    text->push_back(static_cast<char>(point));
    return;
  }
  const int continuations = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr std::array<uint32_t, 4> kLead = {0, 0xC0, 0xE0, 0xF0};
  text->push_back(static_cast<char>(kLead[continuations] | (point >> (6 * continuations))));
  for (int i = continuations - 1; i >= 0; --i) {
    text->push_back(static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3F)));
  }
}

// Most that a message shows of what stands in the text.
constexpr size_t kMaxShown = 40;

bool IsWordCharacter(unsigned char c) { return IsDigit(static_cast<char>(c)) || absl::ascii_isalpha(c) || c == '-'; }

// What stands at the start of rest, for a message: a word, or one character.
std::string Shown(std::string_view rest) {
  if (rest.empty()) return "the end";
  rest = rest.substr(0, kMaxShown);
  const auto word = static_cast<size_t>(std::find_if_not(rest.begin(), rest.end(), IsWordCharacter) - rest.begin());
  return ToValidUtf8(rest.substr(0, std::max({word, static_cast<size_t>(Utf8SequenceLength(rest)), size_t{1}})));
}

}  // namespace

bool JsonScanner::FailAt(size_t position, std::string_view message) {
  if (failed_) return false;
  failed_ = true;
  error_ = std::string(message);
  error_at_ = position;
  return false;
}

bool JsonScanner::FailWanting(std::string_view want) {
  return Fail(absl::StrCat(Shown(text_.substr(at_)), ", want ", ToAbsl(want)));
}

bool JsonScanner::FailIn(std::string_view name) {
  error_ = absl::StrCat(ToAbsl(name), error_has_path_ ? "." : ": ", error_);
  error_has_path_ = true;
  return false;
}

absl::Status JsonScanner::status() const {
  return failed_ ? absl::InvalidArgumentError(absl::StrCat("byte ", error_at_, ": ", error_)) : absl::OkStatus();
}

void JsonScanner::SkipSpace() {
  while (!AtEnd() && IsSpace(text_[at_])) ++at_;
}

bool JsonScanner::Take(char c) {
  SkipSpace();
  if (failed_ || AtEnd() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonScanner::TakeWord(std::string_view word) {
  SkipSpace();
  if (failed_ || !text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

// After a bracket.
bool JsonScanner::Enter() {
  if (++depth_ > max_depth_) return FailAt(at_ - 1, absl::StrCat("too deep, want at most ", max_depth_, " levels"));
  return true;
}

bool JsonScanner::ReadObject(absl::FunctionRef<bool(std::string_view name)> member) {
  if (!Take('{')) return FailWanting("an object");
  if (!Enter()) return false;
  std::string_view name;
  std::string unescaped;
  bool more = !Take('}');
  while (more) {
    SkipSpace();
    name_at_ = at_;
    if (!ReadText("a key in double quotes", &name, &unescaped)) return false;
    if (!Take(':')) return FailWanting("\":\"");
    if (!member(name)) return Fail("bad value");
    more = Take(',');
    if (!more && !Take('}')) return FailWanting("\",\" or \"}\"");
  }
  --depth_;
  return !failed_;
}

bool JsonScanner::ReadArray(absl::FunctionRef<bool()> element) {
  if (!Take('[')) return FailWanting("an array");
  if (!Enter()) return false;
  bool more = !Take(']');
  while (more) {
    if (!element()) return Fail("bad value");
    more = Take(',');
    if (!more && !Take(']')) return FailWanting("\",\" or \"]\"");
  }
  --depth_;
  return !failed_;
}

bool JsonScanner::ReadRaw(std::string_view* raw) {
  SkipSpace();
  const size_t start = at_;
  if (!SkipValue()) return false;
  *raw = text_.substr(start, at_ - start);
  return true;
}

bool JsonScanner::SkipValue() {
  SkipSpace();
  if (failed_) return false;
  switch (Peek()) {
    case '{':
      return ReadObject([this](std::string_view) { return SkipValue(); });
    case '[':
      return ReadArray([this] { return SkipValue(); });
    case '"':
      return ReadText("a string", nullptr, nullptr);
    case 't':
    case 'f':
    case 'n':
      return TakeWord("true") || TakeWord("false") || TakeWord("null") || FailWanting("a JSON value");
    default:
      std::string_view number;
      return ReadNumber(&number);
  }
}

bool JsonScanner::ReadString(std::string* value) {
  SkipSpace();
  std::string_view text;
  if (!ReadText("a string", &text, value)) return false;
  if (text.data() != value->data()) value->assign(text);
  return true;
}

bool JsonScanner::ReadText(std::string_view want, std::string_view* value, std::string* scratch) {
  if (failed_ || Peek() != '"') return FailWanting(want);
  const size_t start = ++at_;
  bool escaped = false;
  while (!AtEnd()) {
    const char c = text_[at_];
    if (c == '"') {
      if (value != nullptr) *value = escaped ? std::string_view(*scratch) : text_.substr(start, at_ - start);
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (scratch != nullptr && !escaped) scratch->assign(text_.substr(start, at_ - start));
      escaped = true;
      if (!ReadEscape(scratch)) return false;
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20) return Fail("a control character in a string, want an escape");
    const size_t length = PlainLength(text_.substr(at_));
    if (length == 0) return Fail("bytes that are no UTF-8, want UTF-8");
    if (scratch != nullptr && escaped) scratch->append(text_.substr(at_, length));
    at_ += length;
  }
  return Fail("a string without its end, want a quote");
}

bool JsonScanner::ReadEscape(std::string* value) {
  const size_t begin = at_++;
  const char letter = Peek();
  if (letter == 'u') {
    ++at_;
    return ReadUnicodeEscape(begin, value);
  }
  for (const Escape& escape : kEscapes) {
    if (AtEnd() || letter != escape.letter) continue;
    if (value != nullptr) value->push_back(escape.meaning);
    ++at_;
    return true;
  }
  return FailAt(begin, "an unknown escape, want one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
}

bool JsonScanner::ReadUnicodeEscape(size_t begin, std::string* value) {
  uint32_t point = 0, low = 0;
  if (!ReadHex4(&point)) return FailAt(begin, "an escape cut short, want \\u and four hexadecimal digits");
  if (point >= 0xD800 && point <= 0xDFFF) {
    const bool has_low = point <= 0xDBFF && text_.substr(at_).starts_with("\\u");
    if (has_low) at_ += 2;
    if (!has_low || !ReadHex4(&low) || low < 0xDC00 || low > 0xDFFF)
      return FailAt(begin, "a lone surrogate, want a pair");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  if (value != nullptr) AppendUtf8(point, value);
  return true;
}

bool JsonScanner::ReadHex4(uint32_t* unit) {
  const std::string_view digits = text_.substr(at_, 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *unit, 16);
  if (digits.size() < 4 || digits[0] == '-' || error != std::errc() || end != digits.data() + 4) return false;
  at_ += 4;
  return true;
}

bool JsonScanner::TakeDigits() {
  if (!IsDigit(Peek())) return false;
  while (IsDigit(Peek())) ++at_;
  return true;
}

bool JsonScanner::TakeNumber() {
  if (Peek() == '-') ++at_;
  if (Peek() == '0') {
    ++at_;
    if (IsDigit(Peek())) return false;
  } else if (!TakeDigits()) {
    return false;
  }
  if (Peek() == '.') {
    ++at_;
    if (!TakeDigits()) return false;
  }
  if (Peek() != 'e' && Peek() != 'E') return true;
  ++at_;
  if (Peek() == '+' || Peek() == '-') ++at_;
  return TakeDigits();
}

bool JsonScanner::ReadNumber(std::string_view* number) {
  SkipSpace();
  if (failed_) return false;
  const size_t start = at_;
  if (!TakeNumber()) {
    at_ = start;
    return FailWanting("a JSON value");
  }
  *number = text_.substr(start, at_ - start);
  return true;
}

bool JsonScanner::ReadBool(bool* value) {
  *value = TakeWord("true");
  return *value || TakeWord("false") || FailWanting("true or false");
}

bool JsonScanner::ReadUnsigned(uint64_t max, uint64_t* value) {
  std::string_view number;
  if (!ReadNumber(&number)) return false;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), *value);
  if (error != std::errc() || end != number.data() + number.size() || *value > max) {
    return FailAt(at_ - number.size(),
                  absl::StrCat(ToAbsl(number.substr(0, kMaxShown)), ", want an integer from 0 to ", max));
  }
  return true;
}

bool JsonScanner::ReadSigned(int64_t min, int64_t max, int64_t* value) {
  std::string_view number;
  if (!ReadNumber(&number)) return false;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), *value);
  if (error != std::errc() || end != number.data() + number.size() || *value < min || *value > max) {
    return FailAt(at_ - number.size(),
                  absl::StrCat(ToAbsl(number.substr(0, kMaxShown)), ", want an integer from ", min, " to ", max));
  }
  return true;
}

bool JsonScanner::SkipNull() { return TakeWord("null"); }

void AppendJsonString(std::string_view text, std::string* json) {
  json->push_back('"');
  while (!text.empty()) {
    const int length = Utf8SequenceLength(text.substr(0, 4));
    const char c = text[0];
    if (length == 0) {
      json->append("\xEF\xBF\xBD");
    } else if (c == '"' || c == '\\') {
      json->push_back('\\');
      json->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char kHex[] = "0123456789abcdef";
      absl::StrAppend(json, "\\u00", absl::string_view(&kHex[c >> 4], 1), absl::string_view(&kHex[c & 15], 1));
    } else {
      json->append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  json->push_back('"');
}

}  // namespace trivium
