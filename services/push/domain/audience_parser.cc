#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/push/domain/audience.h"
#include "services/push/domain/audience_text.h"

namespace trivium::push {
namespace {

using Kind = Audience::Kind;

// Recursive descent; each level of recursion is a level of the expression, so the limit of levels bounds the stack.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  AudienceError Parse(Audience* out) {
    const size_t valid = ValidPrefix();
    if (valid < text_.size()) {
      at_ = valid;
      Fail("found bytes that are not UTF-8, want text");
    } else if (Utf8Length(text_) > kAudienceCharactersMax) {
      Fail(absl::StrCat("found ", Utf8Length(text_), " characters, want at most ", kAudienceCharactersMax));
    } else if (Expression(0, out)) {
      SkipSpace();
      if (at_ < text_.size()) Fail(absl::StrCat(Found(), ", want AND, OR or the end"));
    }
    return std::move(error_);
  }

 private:
  size_t ValidPrefix() const {
    size_t at = 0;
    while (at < text_.size()) {
      const int length = Utf8SequenceLength(text_.substr(at));
      if (length == 0) break;
      at += static_cast<size_t>(length);
    }
    return at;
  }

  // Only the first problem counts. Returns false, for `return Fail(...)`.
  bool Fail(std::string problem) {
    if (error_.problem.empty())
      error_ = {Utf8Length(text_.substr(0, std::min(at_, ValidPrefix()))), std::move(problem)};
    return false;
  }

  std::string Found() const {
    if (at_ >= text_.size()) return "found the end";
    const int length = Utf8SequenceLength(text_.substr(at_));
    return absl::StrCat("found '", ToAbsl(text_.substr(at_, static_cast<size_t>(length))), "'");
  }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }

  bool Take(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // A keyword ends where a word ends.
  bool TakeKeyword(std::string_view keyword) {
    SkipSpace();
    if (text_.substr(at_, keyword.size()) != keyword || BareLength(text_.substr(at_ + keyword.size())) != 0)
      return false;
    at_ += keyword.size();
    return true;
  }

  bool Expression(size_t level, Audience* out) { return Chain(Kind::kOr, "OR", level, out); }

  // Operands of one operator; what is nested in the same operator is taken into it.
  bool Chain(Kind kind, std::string_view keyword, size_t level, Audience* out) {
    std::vector<Audience> operands;
    do {
      Audience operand;
      const bool parsed = kind == Kind::kOr ? Chain(Kind::kAnd, "AND", level, &operand) : Negation(level, &operand);
      if (!parsed) return false;
      if (operand.kind == kind) {
        std::ranges::move(operand.children, std::back_inserter(operands));
      } else {
        operands.push_back(std::move(operand));
      }
    } while (TakeKeyword(keyword));
    if (operands.size() == 1) {
      *out = Audience(std::move(operands[0]));
    } else {
      *out = {.kind = kind, .children = std::move(operands)};
    }
    return true;
  }

  bool Negation(size_t level, Audience* out) {
    SkipSpace();
    const bool negated = TakeKeyword("NOT");
    if (!negated && !Take('(')) return Term(out);
    if (level == kAudienceLevelsMax) {
      return Fail(absl::StrCat("found more than ", kAudienceLevelsMax, " levels of NOT and parentheses, want fewer"));
    }
    if (!negated) return Expression(level + 1, out) && (Take(')') || Fail(absl::StrCat(Found(), ", want ')'")));
    Audience child;
    if (!Negation(level + 1, &child)) return false;
    if (child.kind == Kind::kNot) {
      *out = Audience(std::move(child.children[0]));
    } else {
      *out = {.kind = Kind::kNot, .children = {std::move(child)}};
    }
    return true;
  }

  bool Term(Audience* out) {
    if (++terms_ > kAudienceTermsMax)
      return Fail(absl::StrCat("found more than ", kAudienceTermsMax, " terms, want fewer"));
    if (!Key(&out->key)) return false;
    if (Take('=')) {
      out->kind = Kind::kIn;
      return Value(&out->values.emplace_back());
    }
    return !TakeKeyword("IN") || List(out);
  }

  bool Key(std::string* key) {
    SkipSpace();
    const size_t start = at_;
    if (at_ >= text_.size() || !IsKeyStart(text_[at_])) {
      return Fail(absl::StrCat(Found(), ", want a key (a-z 0-9 _, first a letter), NOT or '('"));
    }
    while (at_ < text_.size() && IsKeyCharacter(text_[at_])) ++at_;
    *key = text_.substr(start, at_ - start);
    if (key->size() <= kTagKeyCharactersMax) return true;
    at_ = start;
    return Fail(absl::StrCat("found a key of ", key->size(), " characters, want at most ", kTagKeyCharactersMax));
  }

  bool List(Audience* out) {
    out->kind = Kind::kIn;
    if (!Take('(')) return Fail(absl::StrCat(Found(), ", want '('"));
    do {
      if (out->values.size() == kAudienceValuesMax) {
        return Fail(absl::StrCat("found more than ", kAudienceValuesMax, " values, want fewer"));
      }
      if (!Value(&out->values.emplace_back())) return false;
    } while (Take(','));
    if (!Take(')')) return Fail(absl::StrCat(Found(), ", want ',' or ')'"));
    std::ranges::sort(out->values);
    out->values.erase(std::unique(out->values.begin(), out->values.end()), out->values.end());
    return true;
  }

  bool Value(std::string* value) {
    SkipSpace();
    const size_t start = at_;
    if (!(Take('"') ? Quoted(value) : Bare(value))) return false;
    if (Utf8Length(*value) <= kTagValueCharactersMax) return true;
    at_ = start;
    return Fail(
        absl::StrCat("found a value of ", Utf8Length(*value), " characters, want at most ", kTagValueCharactersMax));
  }

  bool Bare(std::string* value) {
    while (const int length = BareLength(text_.substr(at_))) {
      value->append(text_.substr(at_, static_cast<size_t>(length)));
      at_ += static_cast<size_t>(length);
    }
    return !value->empty() || Fail(absl::StrCat(Found(), ", want a value (letters, digits, . _ -, or \"...\")"));
  }

  bool Quoted(std::string* value) {
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && ++at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') {
        return Fail(absl::StrCat(Found(), ", want \\\" or \\\\"));
      }
      const int length = ValueLength(text_.substr(at_));
      if (length == 0) return Fail("found a control character or the end, want text and '\"'");
      value->append(text_.substr(at_, static_cast<size_t>(length)));
      at_ += static_cast<size_t>(length);
    }
    return Take('"') || Fail("found the end, want '\"'");
  }

  const std::string_view text_;
  size_t at_ = 0, terms_ = 0;
  AudienceError error_;
};

}  // namespace

AudienceError ParseAudience(std::string_view text, Audience* audience) {
  Audience parsed;
  AudienceError error = Parser(text).Parse(&parsed);
  // The canonical form is what is kept: it must be one that parses again. It may have more spaces than the text.
  if (error.problem.empty() && Utf8Length(FormatAudience(parsed)) > kAudienceCharactersMax) {
    error.problem =
        absl::StrCat("found more than ", kAudienceCharactersMax, " characters in canonical form, want fewer");
  }
  if (error.problem.empty()) *audience = std::move(parsed);
  return error;
}

}  // namespace trivium::push
