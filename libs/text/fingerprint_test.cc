#include "libs/text/fingerprint.h"

#include <gtest/gtest.h>

namespace trivium {
namespace {

constexpr const char* kFields[] = {"payment_id", "amount.amount_minor", "amount.currency_code", "reason"};

TEST(FingerprintTest, NamesTheFieldThatDiffers) {
  const std::string first = Fingerprint({"pay_1", "100", "CNY", "class cancelled"});
  EXPECT_EQ(DifferingField(kFields, first, Fingerprint({"pay_1", "100", "CNY", "class cancelled"})), "");
  EXPECT_EQ(DifferingField(kFields, first, Fingerprint({"pay_2", "100", "CNY", "class cancelled"})), "payment_id");
  EXPECT_EQ(DifferingField(kFields, first, Fingerprint({"pay_1", "101", "CNY", "class cancelled"})),
            "amount.amount_minor");
  EXPECT_EQ(DifferingField(kFields, first, Fingerprint({"pay_1", "100", "CNY", "class cancelled "})), "reason");
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
}  // namespace trivium
