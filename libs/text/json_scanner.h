// One pass over JSON text (RFC 8259, strict): no tree is built, payloads stay the text that they are.
//
// Refused: invalid UTF-8, escaped lone surrogates, control characters in strings, numbers such as 01 or +1, trailing
// commas, nesting above a limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace trivium {

// Reads values one after another. Every method skips white space before a value and returns false on the first error,
// after which status() tells it and all further methods fail. text must outlive the scanner. Not thread-safe.
class JsonScanner {
 public:
  // max_depth: of nested arrays and objects, at least 1.
  JsonScanner(std::string_view text, int max_depth) : text_(text), max_depth_(max_depth) {}

  // Calls member(name) for each, with the scanner before the value; member reads exactly that value. name: part of the
  // scanned text, or, when it was written with escapes, good for the call only.
  bool ReadObject(absl::FunctionRef<bool(std::string_view name)> member);
  // Calls element() for each, with the scanner before it.
  bool ReadArray(absl::FunctionRef<bool()> element);
  // Any value; raw is its text without the white space around it, part of the scanned text.
  bool ReadRaw(std::string_view* raw);
  bool ReadString(std::string* value);  // Unescaped, valid UTF-8.
  bool ReadBool(bool* value);
  bool ReadNumber(std::string_view* number);                  // Its text.
  bool ReadUnsigned(uint64_t max, uint64_t* value);           // An integer without fraction and exponent, 0 to max.
  bool ReadSigned(int64_t min, int64_t max, int64_t* value);  // As above, min to max.
  // Reads null when it comes next; else reads nothing and returns false, which is no error.
  bool SkipNull();

  void SkipSpace();
  // The character that comes next; '\0' at the end.
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  bool AtEnd() const { return at_ == text_.size(); }
  size_t position() const { return at_; }            // In bytes.
  size_t name_position() const { return name_at_; }  // Of the newest name.

  // Records an error at the current position, or another one, unless there is one. message: "value, want ...". Returns
  // false.
  bool Fail(std::string_view message) { return FailAt(at_, message); }
  bool FailAt(size_t position, std::string_view message);
  // After an error inside of something: puts its name before the error, "connect.token: 5, want a string". Returns
  // false.
  bool FailIn(std::string_view name);
  // INVALID_ARGUMENT "byte 17: ..." after an error.
  absl::Status status() const;
  const std::string& error() const { return error_; }  // "" when there is none.
  size_t error_position() const { return error_at_; }

 private:
  bool Take(char c);
  bool TakeWord(std::string_view word);
  bool Enter();
  // That something else comes next: "01, want a JSON value".
  bool FailWanting(std::string_view want);
  // want: what is missing when it is no string. scratch: nullptr when the text is not wanted; else *value is part of
  // the scanned text, or of *scratch.
  bool ReadText(std::string_view want, std::string_view* value, std::string* scratch);
  bool ReadEscape(std::string* value);
  bool ReadUnicodeEscape(size_t begin, std::string* value);
  bool ReadHex4(uint32_t* unit);
  bool TakeDigits();
  bool TakeNumber();
  bool SkipValue();

  const std::string_view text_;
  const int max_depth_;
  size_t at_ = 0;
  size_t name_at_ = 0;
  int depth_ = 0;
  bool failed_ = false;
  std::string error_;
  size_t error_at_ = 0;
  bool error_has_path_ = false;
};

// Appends text as a JSON string. Bytes that are no UTF-8 become U+FFFD.
void AppendJsonString(std::string_view text, std::string* json);

}  // namespace trivium
