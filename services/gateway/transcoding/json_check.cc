#include "services/gateway/transcoding/json_check.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/text/json_scanner.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

// "unit_price" -> "unitPrice"
std::string LowerCamelCase(std::string_view path) {
  std::string camel;
  for (size_t i = 0; i < path.size(); ++i) {
    const bool joint = path[i] == '_' && i + 1 < path.size();
    camel.push_back(joint ? absl::ascii_toupper(static_cast<unsigned char>(path[++i])) : path[i]);
  }
  return camel;
}

// What the grammar does not say: where a value is, how many there are, whether keys differ, and what a number may be.
class Checker {
 public:
  // wanted: in lowerCamelCase.
  Checker(std::string_view text, const JsonLimits& limits, std::optional<std::string> wanted)
      : text_(text), limits_(limits), wanted_(std::move(wanted)), scanner_(text, limits.max_depth) {}

  bool Whole() {
    if (!Value()) return false;
    scanner_.SkipSpace();
    return scanner_.AtEnd() || scanner_.Fail("more after the value, want its end");
  }

  JsonProblem problem() const { return {scanner_.error_position(), Path(), scanner_.error()}; }
  const std::optional<JsonPlace>& found() const { return found_; }

 private:
  struct Step {
    std::string_view key;
    int64_t index = -1;  // Of an array; -1: key.
  };

  // After an error it is that of the value with the error: steps stay then.
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

  bool Value() {
    scanner_.SkipSpace();
    if (++elements_ > limits_.max_elements) {
      return scanner_.Fail(absl::StrCat("more values, want at most ", limits_.max_elements));
    }
    if (wanted_) Compare();
    const char next = scanner_.Peek();
    if (next == '{') return Object();
    if (next == '[') return Array();
    if (next == '-' || absl::ascii_isdigit(static_cast<unsigned char>(next))) return Number();
    std::string_view raw;
    return scanner_.ReadRaw(&raw);
  }

  void Compare() {
    std::string path = Path();
    if (LowerCamelCase(path) == *wanted_) found_ = {scanner_.position(), std::move(path)};
  }

  // The value of a step.
  bool Go(Step step) {
    steps_.push_back(step);
    if (!Value()) return false;
    steps_.pop_back();
    return true;
  }

  bool Object() {
    const size_t first_key = keys_.size();
    const bool read = scanner_.ReadObject([&](std::string_view name) {
      const std::string_view key = Lasting(name);
      keys_.emplace_back(key, scanner_.name_position());
      return Go({key});
    });
    return read && KeysDiffer(first_key);
  }

  bool Array() {
    int64_t index = 0;
    return scanner_.ReadArray([&] { return Go({"", index++}); });
  }

  // A name that outlives the scanner's call.
  std::string_view Lasting(std::string_view name) {
    const bool is_in_text = name.data() >= text_.data() && name.data() < text_.data() + text_.size();
    return is_in_text ? name : std::string_view(unescaped_.emplace_back(name));
  }

  // By sorting: no quadratic comparison, no hash to attack.
  bool KeysDiffer(size_t first) {
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(begin, keys_.end());
    const auto twice =
        std::adjacent_find(begin, keys_.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice != keys_.end()) {
      steps_.push_back({twice->first});
      return scanner_.FailAt((twice + 1)->second, "twice, want each key once");
    }
    keys_.resize(first);
    return true;
  }

  bool Number() {
    std::string_view number;
    if (!scanner_.ReadNumber(&number)) return false;
    const size_t begin = scanner_.position() - number.size();
    if (number.size() > limits_.max_number_length) {
      return scanner_.FailAt(
          begin, absl::StrCat("a number of ", number.size(), " characters, want at most ", limits_.max_number_length));
    }
    double value = 0;
    const bool exponent = number.find_first_of("eE") != number.npos;
    if (!exponent || (absl::SimpleAtod(ToAbsl(number), &value) && std::isfinite(value))) return true;
    return scanner_.FailAt(begin, absl::StrCat(ToAbsl(number), ", want a number that a double holds"));
  }

  const std::string_view text_;
  const JsonLimits limits_;
  const std::optional<std::string> wanted_;
  JsonScanner scanner_;
  size_t elements_ = 0;
  std::vector<Step> steps_;
  std::vector<std::pair<std::string_view, size_t>> keys_;  // Of the objects that are open, with their places.
  std::deque<std::string> unescaped_;                      // Keys that were written with escapes.
  std::optional<JsonPlace> found_;
};

}  // namespace

std::optional<JsonProblem> CheckJson(std::string_view text, const JsonLimits& limits) {
  Checker checker(text, limits, std::nullopt);
  if (checker.Whole()) return std::nullopt;
  return checker.problem();
}

std::optional<JsonPlace> FindJsonPath(std::string_view text, std::string_view path) {
  const JsonLimits none{.max_depth = 200, .max_elements = text.size() + 1, .max_number_length = text.size()};
  Checker checker(text, none, LowerCamelCase(path));
  return checker.Whole() ? checker.found() : std::nullopt;
}

}  // namespace trivium::gateway
