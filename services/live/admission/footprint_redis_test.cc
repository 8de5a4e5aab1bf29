// What a cell keeps in Redis is who is there now: institutions, rooms and people that come and go leave nothing.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/live/admission/admission_calls.h"
#include "services/live/admission/redis_admission.h"
#include "services/live/admission/redis_under_test.h"
#include "services/live/admission/scripts.h"

namespace trivium::live {
namespace {

constexpr char kCell[] = "footprint";
constexpr int kInstitutions = 300, kRounds = 3;
constexpr int kFirst = 100;  // Number of the first institution's room.

class FootprintTest : public ::testing::Test, protected AdmissionCalls {
 protected:
  FootprintTest() : FootprintTest(NewRedisAdmission({.cell = kCell}, SharedClient()).value()) {}

  // Entries of each key, by its name. The stream of changes grows until it is drained.
  static std::map<std::string, int64_t> Sizes() {
    const std::vector<std::string> keys = CellKeys(kCell);
    std::map<std::string, int64_t> sizes;
    for (const std::string& key : std::vector(keys.begin(), keys.begin() + kChangesKey)) {
      const bool hash = SharedRedis().Run({"TYPE", key})->Text().value() == "hash";
      sizes[key] = SharedRedis().Run({hash ? "HLEN" : "ZCARD", key})->Integer().value();
    }
    return sizes;
  }
  static int64_t Levels() { return Sizes().at(CellKeys(kCell)[1]); }

  StartRoomRequest StartOfInstitution(int i) const {
    StartRoomRequest start = StartOf(kFirst + i, SmallClass(2));
    start.institution = absl::StrCat("school-", i);
    return start;
  }
  absl::StatusOr<Batch> End(int room, size_t limit) { return admission_.EndRoom(Room(room), limit, call()); }
  void ExpireAll() {
    while (admission_.ExpireLeases(kMaxBatch, call()).value().more) {
    }
  }

 private:
  explicit FootprintTest(std::unique_ptr<Admission> admission)
      : AdmissionCalls(*admission), owned_(std::move(admission)) {
    SharedRedis().Run({"FLUSHALL"}).IgnoreError();
    Begin();
    SetEach({10'000, 10'000, 10'000});
  }

  const std::unique_ptr<Admission> owned_;
};

TEST_F(FootprintTest, ManyInstitutionsComeAndGoAndLeaveNothing) {
  ASSERT_EQ(Start(1, SmallClass(2)), absl::OkStatus());
  const std::map<std::string, int64_t> before = Sizes();
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kInstitutions; ++i) {
      ASSERT_EQ(admission_.StartRoom(StartOfInstitution(i), call()), absl::OkStatus());
      for (const char* user : {"li", "han", "waits"}) ASSERT_TRUE(Join(kFirst + i, user).ok());
    }
    EXPECT_EQ(Levels(), before.at(CellKeys(kCell)[1]) + kInstitutions);
    // Rooms go in every way: at once, with the last who leaves, and with the last lease.
    for (int i = 0; i < kInstitutions; ++i) {
      ASSERT_EQ(End(kFirst + i, i % 3 == 0 ? 10 : 1)->more, i % 3 != 0);
      if (i % 3 != 1) continue;
      for (const char* user : {"li", "han", "waits"}) ASSERT_EQ(Leave(kFirst + i, user), absl::OkStatus());
    }
    EXPECT_EQ(Levels(), before.at(CellKeys(kCell)[1]) + kInstitutions / 3);
    Advance(kLease);
    ExpireAll();
    EXPECT_EQ(Sizes(), before);
  }
  EXPECT_TRUE(Count(Level::kInstitution).known) << "the one that stayed";
}

TEST_F(FootprintTest, AnInstitutionWithoutARoomIsNeverWritten) {
  const std::map<std::string, int64_t> before = Sizes();
  SetLevel(Level::kNode, {1, 0, 0});
  for (int i = 0; i < kInstitutions; ++i) {
    const Capacity capacity{{Level::kInstitution, kProduct, absl::StrCat("school-", i)}, {5, 5, 5}};
    ASSERT_EQ(admission_.SetCapacities({{capacity}}, call()), absl::OkStatus());
    ASSERT_EQ(Reason(admission_.StartRoom(StartOfInstitution(i), call())), "LEVEL_FULL");
  }
  EXPECT_EQ(Sizes(), before);
}

// Fields that an older version has left go with the next room of theirs.
TEST_F(FootprintTest, WhatAnOlderVersionLeftGoesToo) {
  const std::vector<std::string> keys = CellKeys(kCell);
  const std::string unused(24, '\0'), field = absl::StrCat("institution|", kProduct, "|school-7");
  const std::map<std::string, int64_t> before = Sizes();
  ASSERT_TRUE(SharedRedis().Run({"HSET", keys[1], field, unused}).ok());
  ASSERT_EQ(admission_.StartRoom(StartOfInstitution(7), call()), absl::OkStatus());
  EXPECT_FALSE(End(kFirst + 7, 1)->more);
  EXPECT_EQ(Sizes(), before);
}

}  // namespace
}  // namespace trivium::live
