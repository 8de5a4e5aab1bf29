// UTF-8 at the border: what comes from outside may be any bytes, what goes into JSON or a proto string must be UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace trivium {

// Length in bytes of the well-formed UTF-8 sequence at the start of text (1-4), or 0 when there is none. Overlong
// forms, surrogates and values above U+10FFFF are not well-formed.
int Utf8SequenceLength(std::string_view text);

bool IsValidUtf8(std::string_view text);

// text with every byte that belongs to no well-formed sequence replaced by U+FFFD.
std::string ToValidUtf8(std::string_view text);

// The longest prefix of at most max_bytes that does not cut a sequence in two.
std::string_view Utf8Prefix(std::string_view text, size_t max_bytes);

// Number of code points of valid UTF-8.
size_t Utf8Length(std::string_view text);

}  // namespace trivium
