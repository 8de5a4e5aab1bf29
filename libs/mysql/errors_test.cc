#include "libs/mysql/errors.h"

#include <gtest/gtest.h>

#include "libs/mysql/mysql.h"
#include "libs/status/error.h"

namespace trivium::mysql {
namespace {

TEST(Errors, KeyOfDuplicateTextIsTheLastAndWithoutItsTable) {
  const struct {
    const char* text;
    const char* key;
  } kCases[] = {
      {"Duplicate entry 'a-b' for key 'order_open'", "order_open"},
      {"Duplicate entry 'a-b' for key 'payment.order_open'", "order_open"},
      {"Duplicate entry '1' for key 'PRIMARY'", "PRIMARY"},
      {"Duplicate entry 'x' for key 'lie' for key 'true'", "true"},
      {"Duplicate entry", ""},
      {"", ""},
      {" for key '", ""},
  };
  for (const auto& c : kCases) EXPECT_EQ(KeyOfDuplicateText(c.text), c.key) << c.text;
}

TEST(Errors, NumbersHaveTheirMeaning) {
  const struct {
    int number;
    absl::StatusCode code;
    Aftermath aftermath;
  } kCases[] = {
      {1062, absl::StatusCode::kAlreadyExists, Aftermath::kNone},
      {1213, absl::StatusCode::kAborted, Aftermath::kRolledBack},
      {1205, absl::StatusCode::kAborted, Aftermath::kNone},
      {2006, absl::StatusCode::kUnavailable, Aftermath::kConnectionLost},
      {2013, absl::StatusCode::kUnavailable, Aftermath::kConnectionLost},
      {2055, absl::StatusCode::kUnavailable, Aftermath::kConnectionLost},
      {1053, absl::StatusCode::kUnavailable, Aftermath::kConnectionLost},
      {1927, absl::StatusCode::kUnavailable, Aftermath::kConnectionLost},
      {1040, absl::StatusCode::kUnavailable, Aftermath::kNone},
      {1290, absl::StatusCode::kUnavailable, Aftermath::kNone},
      {1969, absl::StatusCode::kDeadlineExceeded, Aftermath::kNone},
      {3024, absl::StatusCode::kDeadlineExceeded, Aftermath::kNone},
      {1452, absl::StatusCode::kFailedPrecondition, Aftermath::kNone},
      {1406, absl::StatusCode::kInvalidArgument, Aftermath::kNone},
      {1064, absl::StatusCode::kInternal, Aftermath::kNone},
      {1142, absl::StatusCode::kInternal, Aftermath::kNone},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(StatementError(c.number, "text").code(), c.code) << c.number;
    EXPECT_EQ(AftermathOf(c.number), c.aftermath) << c.number;
  }
}

// Whatever a COMMIT answers but "rolled back" leaves the outcome open.
TEST(Errors, CommitIsUnknownUnlessTheServerSaysThatItRolledBack) {
  for (int number : {2006, 2013, 2055, 1053, 1317, 1969, 1927, 1047, 0}) {
    EXPECT_TRUE(IsCommitUnknown(CommitError(number, "text"))) << number;
  }
  for (int number : {1213, 1205}) EXPECT_EQ(CommitError(number, "text").code(), absl::StatusCode::kAborted) << number;
  EXPECT_FALSE(IsCommitUnknown(absl::UnknownError("another library's")));
  EXPECT_FALSE(IsCommitUnknown(absl::OkStatus()));
}

}  // namespace
}  // namespace trivium::mysql
