#include "services/gateway/commands/live_command_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "services/gateway/commands/testing.h"
#include "services/gateway/transcoding/json_transcoder.h"
#include "services/gateway/transcoding/testing.h"
#include "services/gateway/transcoding/transcoding_test.pb.h"

namespace trivium::gateway {
namespace {

google::protobuf::FileDescriptorSet Descriptors() {
  return DescriptorSetOf({testing::Everything::descriptor()->file()});
}

// The same APIs with the method under another name.
std::string WithoutEcho() {
  google::protobuf::FileDescriptorSet set = Descriptors();
  set.mutable_file(set.file_size() - 1)->mutable_service(0)->mutable_method(0)->set_name("Renamed");
  return set.SerializeAsString();
}

class LiveCommandTableTest : public ::testing::Test {
 protected:
  LiveCommandTableTest() : table_(source_, metrics_) { source_.PutDescriptors(Descriptors().SerializeAsString()); }

  uint32_t NumberOf(const std::string& name) {
    const auto table = table_.Get();
    const Command* command = table->Find("acme", name, "");
    return command == nullptr ? 0 : command->number;
  }
  bool Exposes(const std::string& line) { return absl::StrContains(metrics_.Expose(), line); }
  static v1::Command Numbered(uint32_t number) {
    v1::Command command = GoodCommand();
    command.set_number(number);
    return command;
  }

  Metrics metrics_;
  FakeConfigSource source_;
  LiveCommandTable table_;
};

TEST_F(LiveCommandTableTest, FollowsTheSource) {
  EXPECT_EQ(table_.Get()->size(), 0u);
  source_.Put("a.b", Numbered(1));
  table_.Refresh();
  EXPECT_EQ(NumberOf("a.b"), 1u);
  const auto before = table_.Get();
  source_.Put("a.b", Numbered(2));
  table_.Refresh();
  EXPECT_EQ(NumberOf("a.b"), 2u);
  EXPECT_GT(table_.Get()->generation(), before->generation());
  EXPECT_EQ(before->Find("acme", "a.b", "")->number, 1u) << "a call keeps the table that it began with";
  EXPECT_TRUE(Exposes("trivium_gateway_commands 1"));
}

TEST_F(LiveCommandTableTest, ABadCommandIsRefusedWholeAndHoldsNoOtherUp) {
  source_.Put("a.b", Numbered(1));
  table_.Refresh();
  v1::Command bad = Numbered(2);
  bad.set_method("Nonsense");
  source_.Put("a.b", bad);
  source_.Put("c.d", Numbered(3));
  source_.Put("e.f", bad);
  table_.Refresh();
  EXPECT_EQ(NumberOf("a.b"), 1u) << "the last good version";
  EXPECT_EQ(NumberOf("c.d"), 3u);
  EXPECT_EQ(NumberOf("e.f"), 0u) << "never was good";
  EXPECT_TRUE(Exposes("trivium_gateway_config_refused{kind=\"command\"} 2")) << metrics_.Expose();
  source_.Put("a.b", Numbered(4));
  source_.Put("e.f", Numbered(5));
  table_.Refresh();
  EXPECT_EQ(NumberOf("a.b"), 4u);
  EXPECT_EQ(NumberOf("e.f"), 5u);
  EXPECT_TRUE(Exposes("trivium_gateway_config_refused{kind=\"command\"} 0"));
  EXPECT_TRUE(Exposes("trivium_gateway_config_refusals_total{kind=\"command\"} 2"));
}

TEST_F(LiveCommandTableTest, OfTwoThatClashTheNewOneIsRefused) {
  source_.Put("m.n", Numbered(1));
  table_.Refresh();
  source_.Put("a.b", Numbered(1));
  v1::Command own = Numbered(1);
  own.set_product("acme");
  source_.Put("m.n@acme", own);
  table_.Refresh();
  EXPECT_EQ(NumberOf("a.b"), 0u) << "its number is another's, though its name comes first";
  EXPECT_EQ(table_.Get()->Find("acme", "m.n", "")->item, "m.n@acme") << "the same command may share the number";
  source_.Put("m.n", Numbered(2));
  table_.Refresh();
  EXPECT_EQ(NumberOf("a.b"), 0u) << "m.n@acme still has it";
}

TEST_F(LiveCommandTableTest, BadDescriptorsLeaveTheLastGoodOnes) {
  source_.Put("a.b", GoodCommand());
  table_.Refresh();
  const auto schema = table_.Get()->Find("acme", "a.b", "")->schema;
  ASSERT_NE(schema, nullptr);
  source_.PutDescriptors("\xff", "2");
  source_.Put("a.b", Numbered(2));
  table_.Refresh();
  EXPECT_EQ(NumberOf("a.b"), 2u) << "commands go on changing";
  EXPECT_EQ(table_.Get()->Find("acme", "a.b", "")->schema, schema);
  EXPECT_TRUE(Exposes("trivium_gateway_config_refused{kind=\"api_descriptors\"} 1"));
  source_.PutDescriptors(Descriptors().SerializeAsString(), "3");
  table_.Refresh();
  EXPECT_EQ(table_.Get()->Find("acme", "a.b", "")->schema->release(), "3");
  EXPECT_TRUE(Exposes("trivium_gateway_config_refused{kind=\"api_descriptors\"} 0"));
}

TEST_F(LiveCommandTableTest, ACommandWhoseMethodIsGoneKeepsItsOldDescriptors) {
  source_.Put("a.b", Numbered(1));
  table_.Refresh();
  source_.PutDescriptors(WithoutEcho(), "2");
  table_.Refresh();
  const auto table = table_.Get();
  const Command* command = table->Find("acme", "a.b", "");
  ASSERT_NE(command, nullptr);
  EXPECT_EQ(command->schema->release(), "1");
  EXPECT_TRUE(JsonToProtobuf(*command->schema, *command->request, "{\"fInt32\":1}").ok());
}

TEST_F(LiveCommandTableTest, ABadVersionUnderReleaseIsRefusedWithItsRelease) {
  source_.Put("a.b", Numbered(1));
  table_.Refresh();
  v1::Command bad = Numbered(2);
  bad.clear_auth_scope();
  source_.Put("a.b", bad, 50);
  table_.Refresh();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(table_.Get()->Find("acme", "a.b", std::to_string(i))->number, 1u);
}

// Calls go on with the table and the descriptors that they began with, while both are swapped under them.
TEST_F(LiveCommandTableTest, CallsRunWhileTableAndDescriptorsAreSwapped) {
  source_.Put("a.b", Numbered(1));
  table_.Refresh();
  std::atomic<bool> done{false};
  std::atomic<int64_t> calls{0}, failures{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&, t] {
      const std::string uid = "user-" + std::to_string(t);
      while (!done) {
        const auto table = table_.Get();
        const Command* command = table->Find("acme", "a.b", uid);
        const bool ok = command != nullptr && command->schema != nullptr &&
                        JsonToProtobuf(*command->schema, *command->request, R"({"inner":{"roomId":"r"}})").ok();
        failures += !ok;
        ++calls;
      }
    });
  }
  for (uint32_t i = 2; i < 60; ++i) {
    source_.PutDescriptors(Descriptors().SerializeAsString(), std::to_string(i));
    source_.Put("a.b", Numbered(i), i % 2 == 0 ? 100 : 50);
    table_.Refresh();
  }
  while (calls < 100) std::this_thread::yield();
  done = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace trivium::gateway
