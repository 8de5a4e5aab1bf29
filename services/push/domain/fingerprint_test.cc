#include "services/push/domain/fingerprint.h"

#include <gtest/gtest.h>

namespace trivium::push {
namespace {

TEST(FingerprintTest, NamesTheFieldThatDiffers) {
  const std::string first = Fingerprint({"room:math", "u1,u2"});
  EXPECT_EQ(DifferingField(kRoomMembersFields, first, Fingerprint({"room:math", "u1,u2"})), "");
  EXPECT_EQ(DifferingField(kRoomMembersFields, first, Fingerprint({"room:art", "u1,u2"})), "room_id");
  EXPECT_EQ(DifferingField(kRoomMembersFields, first, Fingerprint({"room:math", "u1"})), "user_ids");
}

TEST(FingerprintTest, DoesNotMixFields) {
  EXPECT_NE(Fingerprint({"ab", "c"}), Fingerprint({"a", "bc"}));
  EXPECT_NE(Fingerprint({"", "a"}), Fingerprint({"a", ""}));
}

TEST(FingerprintTest, IsStableForEver) {
  // These bytes are in the database: another value here means that every stored key is lost.
  EXPECT_EQ(Fingerprint({"pay_1"}), std::string("\x53\xe8\x58\x21\x48\x56\x64\xa2", 8));
}

}  // namespace
}  // namespace trivium::push
