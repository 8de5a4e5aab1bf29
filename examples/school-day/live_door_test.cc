#include "examples/school-day/live_door.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "examples/school-day/backend_call.h"
#include "libs/status/error.h"

namespace trivium::schoolday {
namespace {

using absl::StatusCode;

TEST(StatusOfProtocolError, TellsCodeAndReason) {
  struct Case {
    const char* text;
    StatusCode code;
    const char* reason;
    bool again;
  };
  for (const Case& c : {
           Case{"409: ROOM_NOT_LIVE: room_id: the room is SCHEDULED", StatusCode::kFailedPrecondition, "ROOM_NOT_LIVE",
                false},
           Case{"405: PARTICIPANT_NOT_IN_ROOM: gone", StatusCode::kNotFound, "PARTICIPANT_NOT_IN_ROOM", false},
           Case{"403: FIELD_INVALID: role: given", StatusCode::kInvalidArgument, "FIELD_INVALID", false},
           Case{"103: GRANT_EXPIRED: grant: its time is over", StatusCode::kPermissionDenied, "GRANT_EXPIRED", false},
           Case{"100: internal server error", StatusCode::kUnavailable, "", true},
           Case{"414: REBUILDING: wait (retry after 1500 ms)", StatusCode::kUnavailable, "REBUILDING", true},
           Case{"413: SERVICE_FAILED: its service failed", StatusCode::kUnavailable, "SERVICE_FAILED", true},
           Case{"404: DEADLINE_EXCEEDED: no answer", StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", true},
           Case{"111: RATE_LIMITED: too many", StatusCode::kResourceExhausted, "RATE_LIMITED", true},
           Case{"111: ROOM_QUEUE_FULL: full", StatusCode::kResourceExhausted, "ROOM_QUEUE_FULL", false},
           Case{"104: method not found", StatusCode::kInternal, "", false},
           Case{"nonsense", StatusCode::kUnknown, "", false},
       }) {
    const absl::Status status = StatusOfProtocolError(c.text);
    EXPECT_EQ(status.code(), c.code) << c.text;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.text;
    EXPECT_EQ(IsWorthAnotherTry(status), c.again) << c.text;
  }
}

TEST(StatusOfConnectError, TellsCodeAndReason) {
  const absl::Status refused = StatusOfConnectError(
      R"({"code":"permission_denied","message":"grant: empty","details":[{"type":"google.rpc.RetryInfo"},)"
      R"({"type":"google.rpc.ErrorInfo","debug":{"reason":"GRANT_MISSING"}}]})");
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(refused), "GRANT_MISSING");
  EXPECT_EQ(StatusOfConnectError(R"({"code":"unavailable"})").code(), StatusCode::kUnavailable);
  EXPECT_EQ(StatusOfConnectError(R"({"code":"canceled"})").code(), StatusCode::kCancelled);
  EXPECT_EQ(StatusOfConnectError("<html>").code(), StatusCode::kUnknown);
}

TEST(CallThreads, RunAllOfThemAndEnd) {
  std::atomic<int> runs = 0;
  {
    CallThreads threads(3);
    for (int i = 0; i < 100; ++i) threads.Run([&] { ++runs; });
    while (runs < 100) std::this_thread::yield();
  }
  EXPECT_EQ(runs, 100);
}

}  // namespace
}  // namespace trivium::schoolday
