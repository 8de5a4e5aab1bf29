// Characters of audience expressions.
#pragma once

#include <string_view>

namespace trivium::push {

// Length in bytes of the character of a bare value at the start of text; 0: there is none. Letters are those of ASCII
// and what lies outside of the blocks of controls, punctuation and symbols that people type by mistake for operators.
int BareLength(std::string_view text);
// Length of a character that a value may have at all: well-formed UTF-8, no control character.
int ValueLength(std::string_view text);

constexpr bool IsKeyStart(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsKeyCharacter(char c) { return IsKeyStart(c) || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace trivium::push
