#include "services/live/resume/resume_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/status/error.h"

namespace trivium::live {
namespace {

const std::string kSecret(32, 'a'), kOther(32, 'b');
constexpr absl::Duration kMaxAge = absl::Minutes(2);

Id IdOf(uint8_t number) {
  Id id;
  id.bytes[15] = number;
  return id;
}

ResumeToken Example() {
  return {.room = {"acme", IdOf(1)},
          .user_id = std::string("li\0|", 4),
          .claim = {.join_id = IdOf(2),
                    .epoch = 1'795'334'400'000'001,
                    .role = Role::kStudent,
                    .rung = Rung::kRtc,
                    .seat = 3,
                    .mute = {.video = true},
                    .placed = 1'795'334'400'000'002,
                    .ticket = 7,
                    .joined = absl::FromUnixMillis(1'795'334'400'123)},
          .issued = absl::FromUnixMillis(1'795'334'401'000)};
}

ResumeTokens Tokens(std::vector<std::string> secrets) { return ResumeTokens::Create(std::move(secrets)).value(); }

absl::StatusOr<ResumeClaim> Open(const ResumeTokens& tokens, const std::string& text,
                                 absl::Duration age = absl::ZeroDuration()) {
  const ResumeToken example = Example();
  return tokens.Open(text, example.room, example.user_id, example.issued + age, kMaxAge);
}

TEST(ResumeTokenTest, ProvesThePlaceThatWasSealed) {
  const ResumeTokens tokens = Tokens({kSecret});
  const auto opened = Open(tokens, tokens.Seal(Example()));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(*opened, Example().claim);
}

// But for the last ones, which may have bits to spare.
TEST(ResumeTokenTest, EveryChangedCharacterIsFound) {
  const ResumeTokens tokens = Tokens({kSecret});
  const std::string text = tokens.Seal(Example());
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto opened = Open(tokens, changed);
    EXPECT_EQ(ReasonOf(opened.status()), "RESUME_TOKEN_INVALID") << i;
  }
  for (size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(Open(tokens, text.substr(0, size)).ok()) << size;
}

TEST(ResumeTokenTest, IsOneParticipantsOnly) {
  const ResumeTokens tokens = Tokens({kSecret});
  const ResumeToken example = Example();
  const std::string text = tokens.Seal(example);
  const auto open = [&](const RoomId& room, std::string_view user) {
    return ReasonOf(tokens.Open(text, room, user, example.issued, kMaxAge).status());
  };
  EXPECT_EQ(open({"globex", IdOf(1)}, example.user_id), "RESUME_TOKEN_INVALID");
  EXPECT_EQ(open({"acme", IdOf(9)}, example.user_id), "RESUME_TOKEN_INVALID");
  EXPECT_EQ(open(example.room, "li"), "RESUME_TOKEN_INVALID");
}

TEST(ResumeTokenTest, GrowsOld) {
  const ResumeTokens tokens = Tokens({kSecret});
  const std::string text = tokens.Seal(Example());
  EXPECT_TRUE(Open(tokens, text, kMaxAge).ok());
  EXPECT_EQ(ReasonOf(Open(tokens, text, kMaxAge + absl::Milliseconds(1)).status()), "RESUME_TOKEN_EXPIRED");
  EXPECT_TRUE(Open(tokens, text, -absl::Seconds(1)).ok()) << "another machine's clock";
  EXPECT_FALSE(Open(tokens, text, -kMaxAge - absl::Milliseconds(1)).ok());
}

TEST(ResumeTokenTest, SecretsChangeInTwoSteps) {
  const std::string old = Tokens({kSecret}).Seal(Example());
  const ResumeTokens both = Tokens({kOther, kSecret});
  EXPECT_TRUE(Open(both, old).ok());
  const std::string fresh = both.Seal(Example());
  EXPECT_TRUE(Open(Tokens({kOther}), fresh).ok());
  EXPECT_FALSE(Open(Tokens({kSecret}), fresh).ok());
  EXPECT_EQ(ReasonOf(ResumeTokens::Create({}).status()), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(ResumeTokens::Create({"short"}).status()), "FIELD_INVALID");
}

TEST(ResumeTokenTest, HostileTextsAreRefused) {
  const ResumeTokens tokens = Tokens({kSecret});
  for (const std::string& text :
       {std::string(), std::string("AAAA"), std::string(kMaxResumeTokenBytes + 1, 'A'), std::string("\0\xff", 2),
        std::string(kMaxResumeTokenBytes, 'A'), std::string("=====")}) {
    EXPECT_EQ(ReasonOf(Open(tokens, text).status()), "RESUME_TOKEN_INVALID");
  }
}

TEST(ResumeTokenTest, TheLongestNamesFit) {
  ResumeToken longest = Example();
  longest.room.product = std::string(kMaxNameBytes, 'p');
  longest.user_id = std::string(kMaxNameBytes, 'u');
  EXPECT_LE(Tokens({kSecret}).Seal(longest).size(), kMaxResumeTokenBytes);
}

TEST(ResumeTokenTest, AClaimIsWhatThePlaceSays) {
  Place place;
  place.join_id = IdOf(5);
  place.epoch = 9;
  place.rung = Rung::kFast;
  place.placed = 8;
  const ResumeClaim claim = ClaimOfPlace(place);
  EXPECT_EQ(claim.join_id, IdOf(5));
  EXPECT_EQ(claim.epoch, 9);
  EXPECT_EQ(claim.rung, Rung::kFast);
  EXPECT_EQ(claim.placed, 8);
}

}  // namespace
}  // namespace trivium::live
