// Big-endian fields one after the other, as Redis's struct and our tokens have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace trivium::live {

inline void AppendNumber(int64_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift & 0xff));
}

// Reads; failed once one was not there. Then numbers are 0 and texts empty.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  int64_t Number(size_t bytes) {
    uint64_t number = 0;
    for (const char c : Text(bytes)) number = number << 8 | static_cast<uint8_t>(c);
    return static_cast<int64_t>(number);
  }
  std::string_view Text(size_t bytes) {
    if (failed_ || bytes > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view text = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return text;
  }
  std::string_view rest() const { return rest_; }
  bool failed() const { return failed_; }
  void Fail() {
    failed_ = true;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace trivium::live
