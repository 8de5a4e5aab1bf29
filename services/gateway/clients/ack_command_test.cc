#include "services/gateway/clients/ack_command.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"

namespace trivium::gateway {
namespace {

std::string Text(uint8_t last) {
  Id id;
  id.bytes[15] = last;
  return FormatId("msg", id);
}

TEST(AckCommandTest, ReadsPositionsAndIdsAndSkipsWhatItDoesNotKnow) {
  const auto request = ParseAck(absl::StrCat(R"({"channel":"room:1","epoch":"e","offset":12,"new":{"a":[1]},)",
                                             R"("message_ids":[")", Text(1), R"(",")", Text(2), R"("]})"));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->channel, "room:1");
  EXPECT_EQ(request->epoch, "e");
  EXPECT_EQ(request->offset, 12u);
  ASSERT_EQ(request->message_ids.size(), 2u);
  EXPECT_EQ(request->message_ids[1].bytes[15], 2);
  EXPECT_TRUE(ParseAck("")->message_ids.empty());
}

TEST(AckCommandTest, WhatItWritesItReads) {
  std::vector<Id> ids(3);
  ids[2].bytes[0] = 7;
  EXPECT_EQ(ParseAck(FormatAck(ids))->message_ids, ids);
  EXPECT_EQ(FormatAck({}), R"({"message_ids":[]})");
}

TEST(AckCommandTest, ErrorsNameTheField) {
  struct Case {
    std::string json, named;
  };
  std::string many = R"({"message_ids":[)";
  for (size_t i = 0; i <= kMaxAckIds; ++i) absl::StrAppend(&many, i == 0 ? "\"" : ",\"", Text(1), "\"");
  const Case cases[] = {
      {"[]", "push.ack"},
      {"{} {}", "push.ack"},
      {R"({"offset":-1})", "offset"},
      {R"({"offset":1.5})", "offset"},
      {R"({"channel":1})", "channel"},
      {R"({"message_ids":"x"})", "message_ids"},
      {R"({"message_ids":["pay_00000000000000000000000000"]})", "message_ids"},
      {many + "]}", "message_ids"},
  };
  for (const auto& [json, named] : cases) {
    const auto request = ParseAck(json);
    EXPECT_EQ(ReasonOf(request.status()), "BODY_INVALID") << json.substr(0, 60);
    EXPECT_TRUE(absl::StrContains(request.status().message(), named)) << request.status();
  }
}

}  // namespace
}  // namespace trivium::gateway
