#include "services/gateway/transcoding/json_scanner.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr size_t kMaxShown = 40;

// "unit_price" -> "unitPrice"
std::string LowerCamelCase(std::string_view path) {
  std::string camel;
  for (size_t i = 0; i < path.size(); ++i) {
    const bool joint = path[i] == '_' && i + 1 < path.size();
    camel.push_back(joint ? absl::ascii_toupper(static_cast<unsigned char>(path[++i])) : path[i]);
  }
  return camel;
}

// Recursive descent; the recursion ends at limits.max_depth.
class Scanner {
 public:
  Scanner(std::string_view text, const JsonLimits& limits, std::optional<std::string> wanted)
      : text_(text), limits_(limits), wanted_(std::move(wanted)) {}

  bool Whole() {
    SkipBlanks();
    if (!Value(0)) return false;
    SkipBlanks();
    return at_ == text_.size() || Fail("more after the value, want its end");
  }

  const JsonProblem& problem() const { return problem_; }
  const std::optional<JsonPlace>& found() const { return found_; }

 private:
  struct Step {
    std::string_view key;  // As in the text, or decoded.
    int64_t index = -1;    // Of an array; -1: key.
  };

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) { return Peek() == c && at_ < text_.size() ? (++at_, true) : false; }
  void SkipBlanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool FailAt(size_t offset, std::string message) {
    problem_ = {offset, Path(), std::move(message)};
    return false;
  }
  bool Fail(std::string message) { return FailAt(at_, std::move(message)); }
  // What stands here, for a message.
  std::string Shown() const {
    if (at_ >= text_.size()) return "the end";
    const std::string_view rest = text_.substr(at_, kMaxShown);
    const auto in_word = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-'; };
    const auto word = static_cast<size_t>(std::find_if_not(rest.begin(), rest.end(), in_word) - rest.begin());
    return ToValidUtf8(rest.substr(0, std::max({word, static_cast<size_t>(Utf8SequenceLength(rest)), size_t{1}})));
  }

  std::string Path() const {
    std::string path;
    for (const Step& step : steps_) {
      if (step.index >= 0) {
        absl::StrAppend(&path, "[", step.index, "]");
      } else {
        absl::StrAppend(&path, path.empty() ? "" : ".", ToValidUtf8(step.key));
      }
    }
    return path;
  }

  bool Value(int depth) {
    if (++elements_ > limits_.max_elements) {
      return Fail(absl::StrCat("more values, want at most ", limits_.max_elements));
    }
    if (wanted_) Compare();
    switch (Peek()) {
      case '{':
        return Object(depth + 1);
      case '[':
        return Array(depth + 1);
      case '"':
        return String(nullptr);
      default:
        return Word("true") || Word("false") || Word("null") || Number();
    }
  }

  void Compare() {
    std::string path = Path();
    if (LowerCamelCase(path) == *wanted_) found_ = {at_, std::move(path)};
  }

  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool Enter(int depth) {
    if (depth > limits_.max_depth) return Fail(absl::StrCat("too deep, want at most ", limits_.max_depth, " levels"));
    ++at_;
    SkipBlanks();
    return true;
  }

  bool Object(int depth) {
    const size_t first_key = keys_.size();
    if (!Enter(depth)) return false;
    if (!Take('}')) {
      do {
        SkipBlanks();
        if (!Member(depth)) return false;
        SkipBlanks();
      } while (Take(','));
      if (!Take('}')) return Fail(Shown() + ", want \",\" or \"}\"");
    }
    return KeysDiffer(first_key);
  }

  bool Member(int depth) {
    std::string_view key;
    if (Peek() != '"') return Fail(Shown() + ", want a key in double quotes");
    const size_t offset = at_;
    if (!String(&key)) return false;
    keys_.emplace_back(key, offset);
    SkipBlanks();
    if (!Take(':')) return Fail(Shown() + ", want \":\"");
    SkipBlanks();
    steps_.push_back({key, -1});
    if (!Value(depth)) return false;
    steps_.pop_back();
    return true;
  }

  // By sorting: no quadratic comparison, no hash to attack.
  bool KeysDiffer(size_t first) {
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(begin, keys_.end());
    const auto twice =
        std::adjacent_find(begin, keys_.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice != keys_.end()) {
      steps_.push_back({twice->first, -1});
      return FailAt((twice + 1)->second, "twice, want each key once");
    }
    keys_.resize(first);
    return true;
  }

  bool Array(int depth) {
    if (!Enter(depth)) return false;
    if (Take(']')) return true;
    steps_.push_back({"", -1});
    do {
      SkipBlanks();
      ++steps_.back().index;
      if (!Value(depth)) return false;
      SkipBlanks();
    } while (Take(','));
    steps_.pop_back();
    return Take(']') || Fail(Shown() + ", want \",\" or \"]\"");
  }

  // decoded: gets the text, when it is wanted.
  bool String(std::string_view* decoded) {
    const size_t begin = ++at_;
    bool escaped = false;
    while (Peek() != '"') {
      const auto c = static_cast<unsigned char>(Peek());
      if (at_ >= text_.size()) return Fail("a string without its end, want a quote");
      if (c < 0x20) return Fail("a control character in a string, want an escape");
      if (c == '\\') {
        escaped = true;
        if (!Escape(nullptr)) return false;
      } else {
        const int length = c < 0x80 ? 1 : Utf8SequenceLength(text_.substr(at_));
        if (length == 0) return Fail("bytes that are no UTF-8, want UTF-8");
        at_ += static_cast<size_t>(length);
      }
    }
    const std::string_view raw = text_.substr(begin, at_ - begin);
    ++at_;
    if (decoded != nullptr) *decoded = escaped ? Decode(begin, raw.size()) : raw;
    return true;
  }

  // A string that String has passed, without its escapes.
  std::string_view Decode(size_t begin, size_t length) {
    std::string out;
    const size_t after = at_;
    for (at_ = begin; at_ < begin + length;) {
      if (text_[at_] == '\\') {
        Escape(&out);
      } else {
        out.push_back(text_[at_++]);
      }
    }
    at_ = after;
    return decoded_.emplace_back(std::move(out));
  }

  bool Escape(std::string* out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    const size_t begin = at_++;
    const size_t name = at_ < text_.size() ? kNames.find(text_[at_]) : std::string_view::npos;
    if (name != std::string_view::npos) {
      ++at_;
      if (out != nullptr) out->push_back(kValues[name]);
      return true;
    }
    if (Peek() == 'u') return UnicodeEscape(begin, out);
    return FailAt(begin, "an unknown escape, want one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
  }

  bool UnicodeEscape(size_t begin, std::string* out) {
    uint32_t unit = 0, low = 0;
    if (!Hex4(&unit)) return FailAt(begin, "an escape cut short, want \\u and four hexadecimal digits");
    if (unit >= 0xD800 && unit < 0xE000) {
      const bool pair = unit < 0xDC00 && Take('\\') && Peek() == 'u' && Hex4(&low) && low >= 0xDC00 && low < 0xE000;
      if (!pair) return FailAt(begin, "a lone surrogate, want a pair");
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    if (out != nullptr) AppendUtf8(unit, out);
    return true;
  }

  bool Hex4(uint32_t* unit) {
    const std::string_view digits = text_.substr(std::min(at_ + 1, text_.size()), 4);
    if (digits.size() < 4 || !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) return false;
    at_ += 5;
    return absl::SimpleHexAtoi(ToAbsl(digits), unit);
  }

  static void AppendUtf8(uint32_t c, std::string* out) {
    if (c < 0x80) return out->push_back(static_cast<char>(c));
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr int kLead[] = {0, 0xC0, 0xE0, 0xF0};
    out->push_back(static_cast<char>(kLead[more] | (c >> (6 * more))));
    for (int i = more - 1; i >= 0; --i) out->push_back(static_cast<char>(0x80 | ((c >> (6 * i)) & 0x3F)));
  }

  bool Digits() {
    const size_t begin = at_;
    while (absl::ascii_isdigit(static_cast<unsigned char>(Peek()))) ++at_;
    return at_ > begin;
  }

  bool Number() {
    const size_t begin = at_;
    bool exponent = false;
    if (NumberForm(&exponent)) return NumberFits(begin, exponent);
    at_ = begin;
    return Fail(Shown() + ", want a JSON value");
  }

  bool NumberForm(bool* exponent) {
    Take('-');
    const bool zero = Take('0');  // Which nothing but "." or "e" may follow.
    if (zero == Digits()) return false;
    if (Take('.') && !Digits()) return false;
    *exponent = Take('e') || Take('E');
    if (!*exponent) return true;
    (void)(Take('+') || Take('-'));
    return Digits();
  }

  bool NumberFits(size_t begin, bool exponent) {
    const std::string_view number = text_.substr(begin, at_ - begin);
    if (number.size() > limits_.max_number_length) {
      return FailAt(
          begin, absl::StrCat("a number of ", number.size(), " characters, want at most ", limits_.max_number_length));
    }
    double value = 0;
    if (!exponent || (absl::SimpleAtod(ToAbsl(number), &value) && std::isfinite(value))) return true;
    return FailAt(begin, absl::StrCat(std::string(number), ", want a number that a double holds"));
  }

  const std::string_view text_;
  const JsonLimits limits_;
  const std::optional<std::string> wanted_;  // In lowerCamelCase.
  size_t at_ = 0, elements_ = 0;
  std::vector<Step> steps_;
  std::vector<std::pair<std::string_view, size_t>> keys_;  // Of the objects that are open, with their places.
  std::deque<std::string> decoded_;                        // Keys that were written with escapes.
  JsonProblem problem_;
  std::optional<JsonPlace> found_;
};

}  // namespace

std::optional<JsonProblem> CheckJson(std::string_view text, const JsonLimits& limits) {
  Scanner scanner(text, limits, std::nullopt);
  if (scanner.Whole()) return std::nullopt;
  return scanner.problem();
}

std::optional<JsonPlace> FindJsonPath(std::string_view text, std::string_view path) {
  const JsonLimits none{.max_depth = 200, .max_elements = text.size() + 1, .max_number_length = text.size()};
  Scanner scanner(text, none, LowerCamelCase(path));
  return scanner.Whole() ? scanner.found() : std::nullopt;
}

}  // namespace trivium::gateway
