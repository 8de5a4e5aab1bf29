#include "libs/id/id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

namespace trivium {
namespace {

Id Filled(uint8_t byte) {
  Id id;
  id.bytes.fill(byte);
  return id;
}

TEST(Id, FormatsKnownValues) {
  EXPECT_EQ(FormatId("pay", Id{}), "pay_00000000000000000000000000");
  EXPECT_EQ(FormatId("pay", Filled(0xff)), "pay_7zzzzzzzzzzzzzzzzzzzzzzzzz");
  Id one;
  one.bytes[15] = 33;
  EXPECT_EQ(FormatId("x", one), "x_00000000000000000000000011");
}

TEST(Id, ParsesWhatItFormats) {
  FakeClock clock;
  const auto ids = NewSeededIdGenerator(clock, 1);
  for (int i = 0; i < 1000; ++i) {
    const Id id = ids->Next();
    EXPECT_EQ(ParseId("pay", FormatId("pay", id)).value(), id);
    EXPECT_EQ(Id::FromBytes(id.ToBytes()).value(), id);
    clock.Advance(absl::Microseconds(700));
  }
}

TEST(Id, RefusesWhatIsNotCanonical) {
  const std::string good = "pay_06asn3v4k1f7s8t9v0w1x2y3z4";
  EXPECT_TRUE(ParseId("pay", good).ok());
  std::string cases[] = {
      "",
      "pay",
      "pay_",
      "ref" + good.substr(3),
      good + "0",
      good.substr(0, good.size() - 1),
      "pay-" + good.substr(4),
      "PAY" + good.substr(3),
      "pay_06ASN3V4K1F7S8T9V0W1X2Y3Z4",
      "pay_86asn3v4k1f7s8t9v0w1x2y3z4",  // 129 bits.
      "pay_z6asn3v4k1f7s8t9v0w1x2y3z4",
      "pay_06isn3v4k1f7s8t9v0w1x2y3z4",  // i, l, o and u are not in the alphabet.
      "pay_06lsn3v4k1f7s8t9v0w1x2y3z4",
      "pay_06osn3v4k1f7s8t9v0w1x2y3z4",
      "pay_06usn3v4k1f7s8t9v0w1x2y3z4",
      "pay_06asn3v4k1f7s8t9v0w1x2y3z ",
      " pay_06asn3v4k1f7s8t9v0w1x2y3z4",
      good.substr(0, 29) + std::string(1, '\0'),
      "pay_支付支付支付支付ab",
  };
  for (const std::string& text : cases) {
    EXPECT_EQ(ParseId("pay", text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(Id::FromBytes("short").ok());
  EXPECT_FALSE(Id::FromBytes(std::string(17, 'x')).ok());
}

TEST(Id, TextsSortAsBytesDo) {
  FakeClock clock;
  const auto ids = NewSeededIdGenerator(clock, 2);
  std::vector<Id> sorted;
  for (int i = 0; i < 500; ++i) sorted.push_back(ids->Next());
  std::reverse(sorted.begin(), sorted.end());
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 1; i < sorted.size(); ++i) {
    EXPECT_LT(sorted[i - 1].ToBytes(), sorted[i].ToBytes());
    EXPECT_LT(FormatId("pay", sorted[i - 1]), FormatId("pay", sorted[i]));
  }
}

TEST(IdGenerator, MakesUuidVersion7OfTheTime) {
  FakeClock clock(absl::FromUnixMillis(0x0123456789ab));
  const Id id = NewIdGenerator(clock)->Next();
  const uint8_t time[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab};
  EXPECT_TRUE(std::equal(std::begin(time), std::end(time), id.bytes.begin()));
  EXPECT_EQ(id.bytes[6] >> 4, 7);
  EXPECT_EQ(id.bytes[8] >> 6, 2);
}

TEST(IdGenerator, IncreasesStrictlyAlsoWhenTheClockGoesBack) {
  FakeClock clock;
  const auto ids = NewSeededIdGenerator(clock, 3);
  Id last = ids->Next();
  for (int i = 0; i < 20'000; ++i) {
    if (i % 1000 == 0) clock.Advance(absl::Milliseconds(i % 3000 == 0 ? 5 : -3));
    const Id next = ids->Next();
    ASSERT_LT(last, next);
    ASSERT_EQ(next.bytes[6] >> 4, 7);
    ASSERT_EQ(next.bytes[8] >> 6, 2);
    last = next;
  }
}

TEST(IdGenerator, RepeatsWithTheSameSeedOnly) {
  FakeClock clock;
  EXPECT_EQ(NewSeededIdGenerator(clock, 4)->Next(), NewSeededIdGenerator(clock, 4)->Next());
  EXPECT_NE(NewSeededIdGenerator(clock, 4)->Next(), NewSeededIdGenerator(clock, 5)->Next());
  EXPECT_NE(NewIdGenerator(clock)->Next(), NewIdGenerator(clock)->Next());
}

TEST(IdGenerator, ThreadsNeverGetTheSame) {
  const auto ids = NewIdGenerator(Clock::Real());
  std::vector<std::vector<Id>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) mine.push_back(ids->Next());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Id> all;
  for (const auto& mine : made) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 20'000u);
}

TEST(Id, HashSpreadsIdsThatDifferInTheirLastBitsOnly) {
  std::set<uint64_t> buckets;
  for (int i = 0; i < 64; ++i) {
    Id id;
    id.bytes[15] = static_cast<uint8_t>(i);
    buckets.insert(id.Hash() % 64);
  }
  EXPECT_GT(buckets.size(), 32u);
  EXPECT_EQ(Id{}.Hash(), Id{}.Hash());
}

}  // namespace
}  // namespace trivium
