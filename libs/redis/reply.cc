#include "libs/redis/reply.h"

#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/redis/errors.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::redis {

std::string_view TypeName(Reply::Type type) {
  constexpr std::array<std::string_view, 5> kNames = {"nil", "an integer", "a string", "an array", "an error"};
  return kNames[static_cast<size_t>(type)];
}

Reply Reply::OfInteger(int64_t value) {
  Reply reply;
  reply.type_ = Type::kInteger;
  reply.integer_ = value;
  return reply;
}

Reply Reply::OfString(std::string text) {
  Reply reply;
  reply.type_ = Type::kString;
  reply.text_ = std::move(text);
  return reply;
}

Reply Reply::OfArray(std::vector<Reply> elements) {
  Reply reply;
  reply.type_ = Type::kArray;
  reply.elements_ = std::move(elements);
  return reply;
}

Reply Reply::OfError(std::string text) {
  Reply reply = OfString(std::move(text));
  reply.type_ = Type::kError;
  return reply;
}

std::string_view Reply::error() const { return type_ == Type::kError ? std::string_view(text_) : std::string_view(); }

absl::Status Reply::Unexpected(std::string_view wanted) const {
  if (type_ == Type::kError) return ServerError(text_);
  return Error(absl::StatusCode::kInternal, "REDIS_REPLY_UNEXPECTED",
               absl::StrCat("reply: ", ToAbsl(TypeName(type_)), ", want ", ToAbsl(wanted)));
}

absl::StatusOr<int64_t> Reply::Integer() const {
  if (type_ != Type::kInteger) return Unexpected("an integer");
  return integer_;
}

absl::StatusOr<std::string> Reply::Text() const& {
  if (type_ != Type::kString) return Unexpected("a string");
  return text_;
}

absl::StatusOr<std::string> Reply::Text() && {
  if (type_ != Type::kString) return Unexpected("a string");
  return std::move(text_);
}

absl::StatusOr<int64_t> Reply::Number() const {
  if (type_ == Type::kInteger) return integer_;
  int64_t number = 0;
  if (type_ != Type::kString || !absl::SimpleAtoi(text_, &number)) return Unexpected("a decimal number");
  return number;
}

absl::StatusOr<std::span<const Reply>> Reply::Array() const& {
  if (type_ != Type::kArray) return Unexpected("an array");
  return std::span<const Reply>(elements_);
}

absl::StatusOr<std::span<const Reply>> Reply::Tuple(size_t size) const& {
  if (type_ != Type::kArray || elements_.size() != size) {
    if (type_ != Type::kArray) return Unexpected(absl::StrCat("an array of ", size));
    return Error(absl::StatusCode::kInternal, "REDIS_REPLY_UNEXPECTED",
                 absl::StrCat("reply: an array of ", elements_.size(), ", want one of ", size));
  }
  return std::span<const Reply>(elements_);
}

}  // namespace trivium::redis
