// UTF-8 checked as it arrives, in pieces of any size: says at the first wrong byte that the text can't become valid.
#pragma once

#include <cstdint>
#include <string_view>

namespace trivium::gateway {

// Not thread-safe. Two bytes of state. The well-formed sequences are those of table 3-7 of the Unicode standard: no
// overlong form, no surrogate, nothing above U+10FFFF.
class Utf8Stream {
 public:
  // False when the bytes so far begin no valid text; then only Reset() helps.
  bool Feed(std::string_view bytes);
  // Whether the text may end here: not inside a sequence.
  bool complete() const { return state_ == 0; }
  void Reset() { state_ = 0; }

 private:
  uint8_t state_ = 0;
};

}  // namespace trivium::gateway
