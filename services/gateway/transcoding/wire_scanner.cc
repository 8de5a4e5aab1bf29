#include "services/gateway/transcoding/wire_scanner.h"

#include "absl/strings/str_cat.h"
#include "libs/status/status.h"

namespace trivium::gateway {
namespace {

constexpr int kMaxVarintBytes = 10, kMaxGroups = 100;
constexpr uint64_t kMaxTag = 0xFFFFFFFF;

class Scanner {
 public:
  // whole: what offsets in errors count from.
  Scanner(std::string_view message, const char* whole) : rest_(message), whole_(whole) {}

  absl::Status Find(std::span<const int> path, WireType type, std::optional<WireValue>* found) {
    while (!rest_.empty()) {
      TRIVIUM_ASSIGN_OR_RETURN(const Tag tag, ReadTag());
      TRIVIUM_ASSIGN_OR_RETURN(const WireValue value, ReadValue(tag));
      if (path.empty() || tag.field != path[0]) continue;
      if (path.size() > 1 && tag.type == WireType::kBytes) {
        TRIVIUM_RETURN_IF_ERROR(Scanner(value.bytes, whole_).Find(path.subspan(1), type, found));
      } else if (path.size() == 1 && tag.type == type) {
        *found = value;
      }
    }
    return absl::OkStatus();
  }

 private:
  struct Tag {
    int field = 0;
    WireType type = WireType::kVarint;
  };

  absl::Status Wrong(std::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("body: ", std::string(what), " (byte ", rest_.data() - whole_, "), want Protobuf's wire format"));
  }

  absl::StatusOr<uint64_t> ReadVarint() {
    uint64_t value = 0;
    for (int i = 0; i < kMaxVarintBytes; ++i) {
      if (static_cast<size_t>(i) >= rest_.size()) return Wrong("cut short in a number");
      const auto byte = static_cast<unsigned char>(rest_[static_cast<size_t>(i)]);
      value |= uint64_t{byte & 0x7Fu} << (7 * i);
      if (byte >= 0x80) continue;
      rest_.remove_prefix(static_cast<size_t>(i) + 1);
      return value;
    }
    return Wrong("a number of more than ten bytes");
  }

  absl::StatusOr<Tag> ReadTag() {
    TRIVIUM_ASSIGN_OR_RETURN(const uint64_t tag, ReadVarint());
    if (tag > kMaxTag || tag >> 3 == 0 || (tag & 7) > 5) return Wrong("no field's tag");
    return Tag{static_cast<int>(tag >> 3), static_cast<WireType>(tag & 7)};
  }

  absl::StatusOr<WireValue> ReadFixed(size_t size) {
    if (rest_.size() < size) return Wrong("cut short in a number");
    WireValue value;
    for (size_t i = size; i-- > 0;) value.number = value.number << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return value;
  }

  absl::StatusOr<WireValue> ReadBytes() {
    TRIVIUM_ASSIGN_OR_RETURN(const uint64_t size, ReadVarint());
    if (size > rest_.size()) return Wrong("cut short in a field");
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return WireValue{.bytes = bytes};
  }

  absl::StatusOr<WireValue> ReadValue(Tag tag) {
    switch (tag.type) {
      case WireType::kVarint: {
        TRIVIUM_ASSIGN_OR_RETURN(const uint64_t number, ReadVarint());
        return WireValue{.number = number};
      }
      case WireType::kFixed64:
        return ReadFixed(8);
      case WireType::kFixed32:
        return ReadFixed(4);
      case WireType::kBytes:
        return ReadBytes();
      case WireType::kStartGroup:
        return SkipGroup(tag.field);
      case WireType::kEndGroup:
        break;
    }
    return Wrong("the end of a group that has not begun");
  }

  // Proto2's; no field of a path is inside one. Not recursive: an attacker chooses the depth.
  absl::StatusOr<WireValue> SkipGroup(int field) {
    int open[kMaxGroups] = {field};
    int depth = 1;
    while (depth > 0) {
      TRIVIUM_ASSIGN_OR_RETURN(const Tag tag, ReadTag());
      if (tag.type == WireType::kStartGroup) {
        if (depth == kMaxGroups) return Wrong("groups too deep");
        open[depth++] = tag.field;
      } else if (tag.type == WireType::kEndGroup) {
        if (open[--depth] != tag.field) return Wrong("the end of another group");
      } else {
        TRIVIUM_RETURN_IF_ERROR(ReadValue(tag).status());
      }
    }
    return WireValue{};
  }

  std::string_view rest_;
  const char* const whole_;
};

}  // namespace

absl::StatusOr<std::optional<WireValue>> FindWireField(std::string_view message, std::span<const int> path,
                                                       WireType type) {
  std::optional<WireValue> found;
  TRIVIUM_RETURN_IF_ERROR(Scanner(message, message.data()).Find(path, type, &found));
  return found;
}

absl::Status CheckWireFormat(std::string_view message) {
  return FindWireField(message, {}, WireType::kVarint).status();
}

}  // namespace trivium::gateway
