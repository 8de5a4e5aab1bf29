#include "libs/text/control_characters.h"

#include <gtest/gtest.h>

#include <string>

namespace trivium {
namespace {

TEST(ControlCharactersTest, TellsThemFromLetters) {
  for (const char* text : {"", " ", "~", "数学 7", "\u00A0", "\u0100", "café"})
    EXPECT_FALSE(HasControlCharacter(text)) << text;
  for (const std::string& text : {std::string("a\0b", 3), std::string("\n"), std::string("\t"), std::string("\x1f"),
                                  std::string("\x7f"), std::string("a\xC2\x80"), std::string("\xC2\x9F")}) {
    EXPECT_TRUE(HasControlCharacter(text)) << text;
  }
}

}  // namespace
}  // namespace trivium
