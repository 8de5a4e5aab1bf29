#include "libs/text/json_scanner.h"

#include <array>
#include <charconv>

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

}  // namespace

bool JsonScanner::Fail(std::string_view message) {
  if (failed_) return false;
  failed_ = true;
  error_ = std::string(message);
  error_at_ = at_;
  return false;
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

bool JsonScanner::Enter() {
  if (++depth_ > max_depth_) return Fail(absl::StrCat("nested too deeply, want at most ", max_depth_, " levels"));
  return true;
}

bool JsonScanner::ReadObject(absl::FunctionRef<bool(const std::string& name)> member) {
  if (!Take('{')) return Fail("not an object");
  if (!Enter()) return false;
  std::string name;
  bool more = !Take('}');
  while (more) {
    SkipSpace();
    if (!ReadStringText(&name)) return false;
    if (!Take(':')) return Fail("no ':' after a name");
    if (!member(name)) return Fail("bad value");
    more = Take(',');
    if (!more && !Take('}')) return Fail("no ',' or '}' after a value");
  }
  --depth_;
  return !failed_;
}

bool JsonScanner::ReadArray(absl::FunctionRef<bool()> element) {
  if (!Take('[')) return Fail("not an array");
  if (!Enter()) return false;
  bool more = !Take(']');
  while (more) {
    if (!element()) return Fail("bad value");
    more = Take(',');
    if (!more && !Take(']')) return Fail("no ',' or ']' after a value");
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
  if (failed_) return false;
  switch (Peek()) {
    case '{':
      return ReadObject([this](const std::string&) {
        SkipSpace();
        return SkipValue();
      });
    case '[':
      return ReadArray([this] {
        SkipSpace();
        return SkipValue();
      });
    case '"':
      return ReadStringText(nullptr);
    case 't':
    case 'f':
    case 'n':
      return TakeWord("true") || TakeWord("false") || TakeWord("null") || Fail("unknown word, want a JSON value");
    default:
      std::string_view number;
      return ReadNumberText(&number);
  }
}

bool JsonScanner::ReadString(std::string* value) {
  SkipSpace();
  return ReadStringText(value);
}

// value may be nullptr: the string is checked all the same.
bool JsonScanner::ReadStringText(std::string* value) {
  if (failed_ || Peek() != '"') return Fail("not a string");
  ++at_;
  if (value != nullptr) value->clear();
  while (!AtEnd()) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (!ReadEscape(value)) return false;
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20) return Fail("control character in a string, want it escaped");
    const size_t length = PlainLength(text_.substr(at_));
    if (length == 0) return Fail("invalid UTF-8");
    if (value != nullptr) value->append(text_.substr(at_, length));
    at_ += length;
  }
  return Fail("string without end");
}

bool JsonScanner::ReadEscape(std::string* value) {
  ++at_;
  const char letter = Peek();
  if (letter == 'u') {
    ++at_;
    return ReadUnicodeEscape(value);
  }
  for (const Escape& escape : kEscapes) {
    if (AtEnd() || letter != escape.letter) continue;
    if (value != nullptr) value->push_back(escape.meaning);
    ++at_;
    return true;
  }
  return Fail("unknown escape in a string");
}

bool JsonScanner::ReadUnicodeEscape(std::string* value) {
  uint32_t point = 0, low = 0;
  if (!ReadHex4(&point)) return false;
  if (point >= 0xDC00 && point <= 0xDFFF) return Fail("lone surrogate in a string");
  if (point >= 0xD800 && point <= 0xDBFF) {
    if (!text_.substr(at_).starts_with("\\u")) return Fail("lone surrogate in a string");
    at_ += 2;
    if (!ReadHex4(&low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return Fail("lone surrogate in a string");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  if (value != nullptr) AppendUtf8(point, value);
  return true;
}

bool JsonScanner::ReadHex4(uint32_t* unit) {
  const std::string_view digits = text_.substr(at_, 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *unit, 16);
  if (digits.size() < 4 || digits[0] == '-' || error != std::errc() || end != digits.data() + 4) {
    return Fail("\\u without four hexadecimal digits");
  }
  at_ += 4;
  return true;
}

bool JsonScanner::TakeDigits() {
  if (!IsDigit(Peek())) return Fail("not a JSON value");
  while (IsDigit(Peek())) ++at_;
  return true;
}

bool JsonScanner::ReadNumberText(std::string_view* number) {
  SkipSpace();
  if (failed_) return false;
  const size_t start = at_;
  if (Peek() == '-') ++at_;
  if (Peek() == '0') {
    ++at_;
    if (IsDigit(Peek())) return Fail("number with a leading zero");
  } else if (!TakeDigits()) {
    return false;
  }
  if (Peek() == '.') {
    ++at_;
    if (!TakeDigits()) return false;
  }
  if (Peek() == 'e' || Peek() == 'E') {
    ++at_;
    if (Peek() == '+' || Peek() == '-') ++at_;
    if (!TakeDigits()) return false;
  }
  *number = text_.substr(start, at_ - start);
  return true;
}

bool JsonScanner::ReadBool(bool* value) {
  *value = TakeWord("true");
  return *value || TakeWord("false") || Fail("not a boolean");
}

bool JsonScanner::ReadUnsigned(uint64_t max, uint64_t* value) {
  std::string_view number;
  if (!ReadNumberText(&number)) return false;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), *value);
  if (error != std::errc() || end != number.data() + number.size() || *value > max) {
    return Fail(absl::StrCat("number out of range, want an integer from 0 to ", max));
  }
  return true;
}

bool JsonScanner::ReadSigned(int64_t min, int64_t max, int64_t* value) {
  std::string_view number;
  if (!ReadNumberText(&number)) return false;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), *value);
  if (error != std::errc() || end != number.data() + number.size() || *value < min || *value > max) {
    return Fail(absl::StrCat("number out of range, want an integer from ", min, " to ", max));
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
