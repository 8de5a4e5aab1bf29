// The codec against the cases of the Autobahn test suite (1-7, 9, 10), whole and cut at every place that matters.
#include "services/gateway/connection/frame.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "services/gateway/connection/frame_cases.h"

namespace trivium::gateway {
namespace {

std::string CloseBytes(uint16_t code, std::string_view reason = "") {
  return std::string({static_cast<char>(code >> 8), static_cast<char>(code)}) + std::string(reason);
}

TEST(FrameParser, Autobahn1MessagesOfEveryLengthForm) {
  for (const size_t size : {0, 1, 125, 126, 127, 128, 65535, 65536, 65537}) {
    const std::string star(size, '*'), fe(size, '\xFE');
    CheckAll({{"1.1 text", ClientFrame(kText, star), "text:" + Short(star) + "\n"},
              {"1.2 binary", ClientFrame(kBinary, fe), "binary:" + Short(fe) + "\n"}});
  }
}

TEST(FrameParser, Autobahn2PingsAndPongs) {
  const std::string binary = "\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF", longest(125, '\xFE');
  std::string ten, ten_events;
  for (int i = 0; i < 10; ++i) {
    ten += ClientFrame(kPing, "payload-" + std::to_string(i));
    ten_events += "ping:payload-" + std::to_string(i) + "\n";
  }
  CheckAll({
      {"2.1 no payload", ClientFrame(kPing, ""), "ping:\n"},
      {"2.2 text", ClientFrame(kPing, "Hello, world!"), "ping:Hello, world!\n"},
      {"2.3 binary", ClientFrame(kPing, binary), "ping:" + binary + "\n"},
      {"2.4 longest", ClientFrame(kPing, longest), "ping:" + Short(longest) + "\n"},
      {"2.5 too long", ClientFrame(kPing, longest + "x"), "", 1002},
      {"2.7 pong unasked", ClientFrame(kPong, ""), "pong:\n"},
      {"2.8 the same with payload", ClientFrame(kPong, "unsolicited"), "pong:unsolicited\n"},
      {"2.9 pong, ping", ClientFrame(kPong, "a") + ClientFrame(kPing, "b"), "pong:a\nping:b\n"},
      {"2.10 ten at once", ten, ten_events},
  });
}

TEST(FrameParser, Autobahn3ReservedBitsAreRefused) {
  const std::string small = ClientFrame(kText, "ok");
  for (uint8_t bits = 1; bits < 8; ++bits) {
    for (const Opcode opcode : {kText, kBinary, kPing, kPong, kCloseFrame}) {
      CheckAll({{"3", small + ClientFrame(opcode, "", {.reserved_bits = bits}) + small, "text:ok\n", 1002}});
    }
  }
}

TEST(FrameParser, Autobahn4ReservedOpcodesAreRefused) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    CheckAll({{"4", ClientFrame(kText, "ok") + ClientFrame(opcode, "x") + ClientFrame(kPing, ""), "text:ok\n", 1002}});
  }
}

TEST(FrameParser, Autobahn5Fragmentation) {
  const auto first = [](std::string_view s) { return Fragment(kText, s, false); };
  const auto more = [](std::string_view s) { return Fragment(kMore, s, false); };
  const auto last = [](std::string_view s) { return Fragment(kMore, s, true); };
  const std::string ping = ClientFrame(kPing, "p");
  CheckAll({
      {"5.1 ping in fragments", Fragment(kPing, "a", false) + last("b"), "", 1002},
      {"5.2 pong in fragments", Fragment(kPong, "a", false) + last("b"), "", 1002},
      {"5.3 two fragments", first("frag1") + last("frag2"), "text:frag1frag2\n"},
      {"5.6 ping between", first("frag1") + ping + last("frag2"), "ping:p\ntext:frag1frag2\n"},
      {"5.9 continuation of nothing", last("x") + ClientFrame(kText, "y"), "", 1002},
      {"5.12 the same, not final", more("x") + ClientFrame(kText, "y"), "", 1002},
      {"5.15 after a message", first("a") + last("b") + more("c") + ClientFrame(kText, "d"), "text:ab\n", 1002},
      {"5.18 text in text", first("a") + ClientFrame(kText, "b"), "", 1002},
      {"5.19 five fragments, pings between", first("1") + more("2") + ping + more("3") + more("4") + ping + last("5"),
       "ping:p\nping:p\ntext:12345\n"},
      {"empty fragments", first("") + more("") + last(""), "text:\n"},
      {"only the last has bytes", first("") + more("") + last("x"), "text:x\n"},
      {"close between", first("a") + ClientFrame(kCloseFrame, "") + last("b"), "close:1005:\n"},
      {"empty ping between empty fragments", first("") + ClientFrame(kPing, "") + last(""), "ping:\ntext:\n"},
      {"long ping before the first bytes", first("") + ClientFrame(kPing, std::string(30, 'q')) + last("x"),
       "ping:" + std::string(30, 'q') + "\ntext:x\n"},
  });
}

TEST(FrameParser, Autobahn6ValidText) {
  for (const char* text : {"", "Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-UTF-8!!",
                           "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5", "\xF0\x90\x80\x80", "\xC2\x80",
                           "\xE0\xA0\x80", "\x7F", "\xDF\xBF", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xEF\xBF\xBD", "\xEF\xBF\xBE"}) {
    const std::string_view all(text);
    CheckAll({{"6 whole", ClientFrame(kText, all), "text:" + std::string(all) + "\n"}});
    for (size_t cut = 0; cut <= all.size(); ++cut) {  // Also inside a character.
      CheckAll({{"6 in two", Fragment(kText, all.substr(0, cut), false) + Fragment(kMore, all.substr(cut), true),
                 "text:" + std::string(all) + "\n"}});
    }
  }
}

// Bad text, and how many of its bytes must have been seen to know.
struct BadText {
  const char* text;
  size_t certain_after;
};
const BadText kBadTexts[] = {
    {"\xCE\xBA\xE1\xBD\xB9\xED\xA0\x80"
     "edited",
     7},  // 6.3, a surrogate.
    {"\xCE\xBA\xF4\x90\x80\x80"
     "edited",
     4},                              // 6.4, above U+10FFFF.
    {"\xF8\x88\x80\x80\x80", 1},      // 5 bytes.
    {"\xFC\x84\x80\x80\x80\x80", 1},  // 6 bytes.
    {"\x80", 1},
    {"\xBF", 1},
    {"\xFE", 1},
    {"\xFF", 1},
    {"\xC0\xAF", 1},
    {"\xC1\xBF", 1},  // Overlong.
    {"\xE0\x80\xAF", 2},
    {"\xE0\x9F\xBF", 2},
    {"\xF0\x80\x80\xAF", 2},
    {"\xF0\x8F\xBF\xBF", 2},
    {"\xED\xA0\x80", 2},
    {"\xED\xAF\xBF\xED\xB0\x80", 2},
    {"\xED\xBF\xBF", 2},
    {"\xF4\x90\x80\x80", 2},
    {"\xF5\x80\x80\x80", 1},
    {"\xC2 ", 2},
    {"\xE1\x80 ", 3},
    {"ok\xF0\x90\x80 ", 6},
};

TEST(FrameParser, Autobahn6InvalidTextFailsAtItsFirstWrongByte) {
  for (const BadText& bad : kBadTexts) {
    SCOPED_TRACE(testing::PrintToString(std::string(bad.text)));
    const std::string frame = ClientFrame(kText, std::string(bad.text) + std::string(100, 'x'));
    EXPECT_EQ(ParseAll(frame), (Outcome{"", 1007}));
    EXPECT_EQ(ParsePieces(frame, [] { return size_t{1}; }).consumed, 6 + bad.certain_after);
  }
}

TEST(FrameParser, Autobahn6TextThatEndsInsideACharacterFails) {
  for (const char* text : {"\xC2", "\xE1", "\xE1\x80", "\xF0\x90", "\xF0\x90\x80", "abc\xCE"}) {
    CheckAll({{"6.6 whole", ClientFrame(kText, text), "", 1007},
              {"6.6 last fragment empty", Fragment(kText, text, false) + Fragment(kMore, "", true), "", 1007}});
  }
  CheckAll({{"binary may be anything", ClientFrame(kBinary, "\xFF\xC0"), "binary:\xFF\xC0\n"},
            {"state ends with its message", ClientFrame(kBinary, "\xE1") + ClientFrame(kText, "a"),
             "binary:\xE1\ntext:a\n"}});
}

TEST(FrameParser, Autobahn7Closing) {
  const std::string longest(123, '*');
  CheckAll({
      {"7.1.2 twice", ClientFrame(kCloseFrame, "") + ClientFrame(kCloseFrame, ""), "close:1005:\n"},
      {"7.1.3 ping after", ClientFrame(kCloseFrame, "") + ClientFrame(kPing, ""), "close:1005:\n"},
      {"7.1.4 text after", ClientFrame(kCloseFrame, "") + ClientFrame(kText, "x"), "close:1005:\n"},
      {"7.3.2 one byte", ClientFrame(kCloseFrame, "a"), "", 1002},
      {"7.3.3 code", ClientFrame(kCloseFrame, CloseBytes(1000)), "close:1000:\n"},
      {"7.3.4 reason", ClientFrame(kCloseFrame, CloseBytes(1000, "Hello")), "close:1000:Hello\n"},
      {"7.3.5 longest", ClientFrame(kCloseFrame, CloseBytes(1000, longest)), "close:1000:" + Short(longest) + "\n"},
      {"7.3.6 too long", ClientFrame(kCloseFrame, CloseBytes(1000, longest + "*")), "", 1002},
      {"7.5.1 reason no UTF-8", ClientFrame(kCloseFrame, CloseBytes(1000, "\xCE\xBA\xED\xA0\x80")), "", 1007},
      {"reason cut inside a character", ClientFrame(kCloseFrame, CloseBytes(1000, "\xE4\xB8")), "", 1007},
  });
}

TEST(FrameParser, Autobahn7CloseCodes) {
  for (const uint16_t code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    CheckAll({{"7.7", ClientFrame(kCloseFrame, CloseBytes(code)), "close:" + std::to_string(code) + ":\n"}});
  }
  for (const uint16_t code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    CheckAll({{"7.9, 7.13", ClientFrame(kCloseFrame, CloseBytes(code)), "", 1002}});
  }
}

TEST(FrameParser, Autobahn9And10LongMessagesInPiecesOfAnySize) {
  std::mt19937 random(1);
  std::string payload(kMaxMessage, '\0');
  for (char& c : payload) c = static_cast<char>(random() % 128);
  const Outcome want{"text:" + Short(payload) + "\n", 0};
  for (const size_t fragment : {64u, 1300u, 65536u, 1u << 20}) {
    std::string bytes;
    for (size_t at = 0; at < payload.size(); at += fragment) {
      bytes += Fragment(at == 0 ? kText : kMore, std::string_view(payload).substr(at, fragment),
                        at + fragment >= payload.size());
    }
    EXPECT_EQ(ParsePieces(bytes, [&] { return bytes.size(); }), want) << fragment;
    for (const size_t piece : {127u, 1024u, 65536u}) EXPECT_EQ(ParsePieces(bytes, [=] { return piece; }), want);
  }
}

}  // namespace
}  // namespace trivium::gateway
