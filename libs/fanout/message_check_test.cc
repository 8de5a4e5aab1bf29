#include "libs/fanout/message_check.h"

#include <gtest/gtest.h>

#include <functional>

#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

const Message kGood{.channel = {"acme", "room:r1"}, .payload = "p", .sequence = 1, .idempotency_key = "k"};

template <typename T>
struct Case {
  std::function<void(T&)> spoil;
  const char* message;
};

void ExpectRefused(const absl::Status& status, const std::string& message) {
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_TRUE(std::string(status.message()).starts_with(message)) << status << ", want " << message;
}

TEST(MessageCheckTest, AppendNamesFieldValueAndWhatIsWanted) {
  EXPECT_EQ(CheckAppend(kGood), absl::OkStatus());
  const Case<Message> kCases[] = {
      {[](Message& m) { m.channel.product = ""; }, "channel.product: \"\", want 1-64"},
      {[](Message& m) { m.channel.name = "a b"; }, "channel.name: \"a b\", want 1-128"},
      {[](Message& m) { m.payload.resize(kMaxPayloadBytes + 1); }, "payload: 262145 bytes, want at most 262144"},
      {[](Message& m) { m.history.size = 0; }, "history.size: 0, want 1 to 10000"},
      {[](Message& m) { m.history.size = 10001; }, "history.size: 10001, want 1 to 10000"},
      {[](Message& m) { m.history.ttl = absl::ZeroDuration(); }, "history.ttl: 0, want 1ms to 168h"},
      {[](Message& m) { m.history.ttl = absl::InfiniteDuration(); }, "history.ttl: inf, want 1ms to 168h"},
      {[](Message& m) { m.sequence = -1; }, "sequence: -1, want 0 to"},
      {[](Message& m) { m.sequence = kMaxOffset + 1; }, "sequence: 9007199254740993, want 0 to"},
      {[](Message& m) { m.idempotency_key = std::string(129, 'k'); }, "idempotency_key: 129 bytes, want at most 128"},
      {[](Message& m) { m.idempotency_ttl = -absl::Seconds(1); }, "idempotency_ttl: -1s, want 1ms to 168h"},
  };
  for (const auto& [spoil, message] : kCases) {
    Message bad = kGood;
    spoil(bad);
    ExpectRefused(CheckAppend(bad), message);
  }
}

TEST(MessageCheckTest, PublishOnlyKeepsNothingSoItTakesNothingToKeep) {
  EXPECT_EQ(CheckPublishOnly({.channel = {"acme", "room:r1"}, .payload = "p"}), absl::OkStatus());
  ExpectRefused(CheckPublishOnly({.channel = {"acme", "r"}, .sequence = 1}), "sequence: 1, want 0 to 0");
  ExpectRefused(CheckPublishOnly({.channel = {"acme", "r"}, .idempotency_key = "k"}), "idempotency_key: given");
  ExpectRefused(CheckPublishOnly({.channel = {"acme", ""}}), "channel.name");
}

TEST(MessageCheckTest, BatchHasAMaximumOfMessagesAndBytes) {
  std::vector<Message> messages(kMaxBatch);
  EXPECT_EQ(CheckBatch(messages), absl::OkStatus());
  for (size_t i = 0; i < 256; ++i) messages[i].payload.resize(kMaxPayloadBytes);
  EXPECT_EQ(CheckBatch(messages), absl::OkStatus());
  messages[256].payload = "1";
  ExpectRefused(CheckBatch(messages), "messages: 67108865 bytes");
  ExpectRefused(CheckBatch(std::vector<Message>(kMaxBatch + 1)), "messages: 1001 messages, want at most 1000");
}

TEST(MessageCheckTest, RestorationIsARangeWithAscendingEntriesInside) {
  const Restoration good{.channel = {"acme", "r"}, .after = 2, .through = 9, .entries = {{3, ""}, {5, ""}, {9, ""}}};
  EXPECT_EQ(CheckRestoration(good), absl::OkStatus());
  EXPECT_EQ(CheckRestoration({.channel = {"acme", "r"}, .after = 0, .through = 1}), absl::OkStatus());
  const Case<Restoration> kCases[] = {
      {[](Restoration& r) { r.after = -1; }, "after: -1, want 0 to"},
      {[](Restoration& r) { r.through = 2; }, "through: 2, want 3 to"},
      {[](Restoration& r) { r.through = kMaxOffset + 1; }, "through: 9007199254740993, want 3 to"},
      {[](Restoration& r) { r.entries[0].sequence = 2; }, "entries[0].sequence: 2, want 3 to 9"},
      {[](Restoration& r) { r.entries[1].sequence = 3; }, "entries[1].sequence: 3, want 4 to 9"},
      {[](Restoration& r) { r.entries[2].sequence = 10; }, "entries[2].sequence: 10, want 6 to 9"},
      {[](Restoration& r) { r.entries[1].payload.resize(kMaxPayloadBytes + 1); }, "entries[1].payload: 262145 bytes"},
      {[](Restoration& r) { r.entries.resize(10001); }, "entries: 10001 entries, want at most 10000"},
      {[](Restoration& r) { r.channel.product = "{"; }, "channel.product"},
      {[](Restoration& r) { r.history.size = -5; }, "history.size: -5"},
  };
  for (const auto& [spoil, message] : kCases) {
    Restoration bad = good;
    spoil(bad);
    ExpectRefused(CheckRestoration(bad), message);
  }
}

TEST(MessageCheckTest, MetaMustOutliveEveryHistory) {
  EXPECT_EQ(CheckPublisherOptions({}), absl::OkStatus());
  ExpectRefused(CheckPublisherOptions({.meta_ttl = absl::Hours(24)}), "meta_ttl: 24h, want 672h");
  ExpectRefused(CheckPublisherOptions({.meta_ttl = absl::InfiniteDuration()}), "meta_ttl: inf");
}

}  // namespace
}  // namespace trivium::fanout
