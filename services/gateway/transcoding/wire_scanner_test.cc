#include "services/gateway/transcoding/wire_scanner.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "services/gateway/transcoding/route_key.h"
#include "services/gateway/transcoding/transcoding_test.pb.h"

namespace trivium::gateway {
namespace {

using testing::Everything;

std::string Key(std::string_view path, std::string_view message) {
  const auto field = RouteField::Resolve(*Everything::descriptor(), path);
  if (!field.ok()) return field.status().ToString();
  return field->KeyOf(message).value_or("(error)");
}

TEST(RouteFieldTest, ReadsEveryKindOfKey) {
  Everything m;
  m.set_f_int32(-1);
  m.set_f_int64(INT64_MIN);
  m.set_f_uint32(UINT32_MAX);
  m.set_f_uint64(UINT64_MAX);
  m.set_f_sint32(INT32_MIN);
  m.set_f_sint64(-3);
  m.set_f_fixed32(4);
  m.set_f_fixed64(UINT64_MAX);
  m.set_f_sfixed32(-5);
  m.set_f_sfixed64(-6);
  m.set_f_string("room 1/课%");
  m.set_maybe(0);
  m.mutable_inner()->mutable_inner()->set_room_id("r-1");
  const struct {
    const char* path;
    const char* key;
  } kCases[] = {
      {"f_int32", "-1"},
      {"f_int64", "-9223372036854775808"},
      {"f_uint32", "4294967295"},
      {"f_uint64", "18446744073709551615"},
      {"f_sint32", "-2147483648"},
      {"f_sint64", "-3"},
      {"f_fixed32", "4"},
      {"f_fixed64", "18446744073709551615"},
      {"f_sfixed32", "-5"},
      {"f_sfixed64", "-6"},
      {"f_string", "room%201%2F%E8%AF%BE%25"},
      {"maybe", "0"},
      {"inner.inner.room_id", "r-1"},
      {"inner.room_id", ""},
  };
  for (const auto& c : kCases) EXPECT_EQ(Key(c.path, m.SerializeAsString()), c.key) << c.path;
  EXPECT_EQ(Key("f_string", ""), "");
}

TEST(RouteFieldTest, NamesThePartOfThePathThatCannotBe) {
  const struct {
    std::string path;
    const char* message;
  } kCases[] = {
      {"", "is no field of"},
      {"nonsense", "\"nonsense\" is no field of trivium.gateway.testing.Everything"},
      {"inner.nonsense", "\"nonsense\" is no field of trivium.gateway.testing.Everything.Inner"},
      {"inner", "is no key, want a string or an integer"},
      {"inner.", "is no field of"},
      {"f_bool", "is no key"},
      {"f_double", "is no key"},
      {"f_bytes", "is no key"},
      {"colour", "is no key"},
      {"f_string.x", "has no fields"},
      {"words", "is repeated"},
      {"inner.items.room_id", "\"items\" is repeated"},
      {"counts", "is repeated"},
      {"by_name", "is part of a oneof"},
      {"by_inner.room_id", "\"by_inner\" is part of a oneof"},
      {"inner.inner.inner.inner.inner.inner.inner.inner.room_id", "is too long"},
      {std::string(201, 'a'), "is too long"},
  };
  for (const auto& c : kCases) {
    const auto field = RouteField::Resolve(*Everything::descriptor(), c.path);
    ASSERT_FALSE(field.ok()) << c.path;
    EXPECT_EQ(field.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(field.status().message(), c.message)) << c.path << ": " << field.status();
  }
}

TEST(RouteFieldTest, RefusesAKeyThatIsTooLong) {
  Everything m;
  m.set_f_string(std::string(256, 'a'));
  EXPECT_EQ(Key("f_string", m.SerializeAsString()).size(), 256u);
  m.set_f_string(std::string(257, 'a'));
  EXPECT_EQ(Key("f_string", m.SerializeAsString()), "(error)");
  m.set_f_string(std::string(100, '\n'));
  EXPECT_EQ(Key("f_string", m.SerializeAsString()), "(error)");
}

// What a parser keeps, the scanner finds: repeats, pieces, unknown and foreign fields in between.
TEST(FindWireFieldTest, AgreesWithTheParserOnRepeatsAndPieces) {
  Everything one, two, three;
  one.mutable_inner()->mutable_inner()->set_room_id("first");
  one.set_f_int64(1);
  two.mutable_inner()->mutable_inner()->set_room_id("second");
  three.mutable_inner()->mutable_inner()->set_price(7);
  three.set_f_string("x");
  const std::string group = "\x23\x08\x01\x2b\x2c\x24";  // Group 4 with a field and a group 5 inside.
  const std::string foreign = std::string("\x8a\x01\x00", 3) + std::string("\x72\x01") + "y";  // Empty inner; f_string.
  for (const std::string& wire :
       {one.SerializeAsString() + two.SerializeAsString(), two.SerializeAsString() + three.SerializeAsString(),
        one.SerializeAsString() + group + foreign, std::string("\x88\x01\x05") + one.SerializeAsString()}) {
    Everything parsed;
    ASSERT_TRUE(parsed.ParseFromString(wire));
    EXPECT_EQ(Key("inner.inner.room_id", wire), parsed.inner().inner().room_id());
    EXPECT_EQ(Key("f_string", wire), parsed.f_string());
  }
}

TEST(FindWireFieldTest, RefusesWhatIsNoMessage) {
  const std::string cases[] = {
      std::string("\x00\x01", 2),                 // Field 0.
      "\x08",                                     // No value.
      "\x08\x80",                                 // Varint cut short.
      "\x08" + std::string(10, '\xff') + "\x01",  // Eleven bytes.
      "\x72\x05"
      "abc",                                        // Shorter than it says.
      "\x72\xff\xff\xff\xff\xff\xff\xff\xff\x7f",   // Longer than anything.
      "\x09\x01\x02",                               // Fixed64 cut short.
      "\x0d\x01",                                   // Fixed32 cut short.
      "\x0f",                                       // Wire type 7.
      "\x0c",                                       // An end without a beginning.
      "\x0b",                                       // A beginning without an end.
      "\x0b\x14",                                   // The end of another.
      std::string(200, '\x0b'),                     // Group bomb.
      std::string("\xff\xff\xff\xff\xff\x0f\x01"),  // Tag above 32 bits.
  };
  for (const std::string& wire : cases) {
    const auto found = FindWireField(wire, std::vector<int>{1}, WireType::kVarint);
    EXPECT_EQ(found.status().code(), absl::StatusCode::kInvalidArgument) << testing::Everything::kFDoubleFieldNumber;
    EXPECT_TRUE(absl::StrContains(found.status().message(), "byte")) << found.status();
  }
}

TEST(FindWireFieldTest, EveryTruncationEndsInAnErrorOrAWholeMessage) {
  Everything m;
  m.set_f_string("abc");
  m.set_f_fixed64(1);
  m.mutable_inner()->set_room_id("r");
  const std::string whole = m.SerializeAsString();
  for (size_t n = 0; n < whole.size(); ++n) {
    Everything parsed;
    const bool parses = parsed.ParseFromString(whole.substr(0, n));
    EXPECT_EQ(FindWireField(whole.substr(0, n), std::vector<int>{99}, WireType::kVarint).ok(), parses) << n;
  }
}

TEST(EncodeRouteKeyTest, LeavesNothingAHeaderCannotCarry) {
  EXPECT_EQ(EncodeRouteKey("u-1._~").value(), "u-1._~");
  EXPECT_EQ(EncodeRouteKey(std::string_view("a\r\nb\0", 5)).value(), "a%0D%0Ab%00");
  EXPECT_EQ(EncodeRouteKey("").value(), "");
  EXPECT_FALSE(EncodeRouteKey(std::string(1 << 20, 'a')).ok());
}

}  // namespace
}  // namespace trivium::gateway
