// What a Redis server answers, as a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivium::redis {

// Immutable once read. Each accessor answers INTERNAL REDIS_REPLY_UNEXPECTED when the reply is of another type, and an
// error that stands inside an array (a script's, say) as the status that Client::Call would have answered for it.
class Reply {
 public:
  enum class Type { kNil, kInteger, kString, kArray, kError };

  Reply() = default;  // Nil.
  static Reply OfInteger(int64_t value);
  static Reply OfString(std::string text);  // Bulk and status strings ("OK") are the same.
  static Reply OfArray(std::vector<Reply> elements);
  static Reply OfError(std::string text);  // "WRONGTYPE Operation against ...".

  Type type() const { return type_; }
  bool is_nil() const { return type_ == Type::kNil; }

  absl::StatusOr<int64_t> Integer() const;
  absl::StatusOr<std::string> Text() const&;
  absl::StatusOr<std::string> Text() &&;
  // A string that is a decimal number, as hashes and sorted sets keep them, or an integer.
  absl::StatusOr<int64_t> Number() const;
  // The elements, valid as long as this reply.
  absl::StatusOr<std::span<const Reply>> Array() const&;
  absl::StatusOr<std::span<const Reply>> Array() && = delete;
  // As Array, with exactly `size` elements.
  absl::StatusOr<std::span<const Reply>> Tuple(size_t size) const&;
  absl::StatusOr<std::span<const Reply>> Tuple(size_t size) && = delete;

  // The text of an error; "" for any other reply.
  std::string_view error() const;

 private:
  friend class ReplyReader;
  absl::Status Unexpected(std::string_view wanted) const;

  Type type_ = Type::kNil;
  int64_t integer_ = 0;
  std::string text_;  // Of a string or an error.
  std::vector<Reply> elements_;
};

std::string_view TypeName(Reply::Type type);

}  // namespace trivium::redis
