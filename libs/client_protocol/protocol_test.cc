#include "libs/client_protocol/protocol.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "libs/client_protocol/stock_frames.h"
#include "libs/text/view.h"

namespace trivium::protocol {
namespace {

using google::protobuf::util::MessageDifferencer;

std::string Hex(std::string_view digits) { return absl::HexStringToBytes(ToAbsl(digits)); }

std::vector<Command> Commands(Form form, std::string_view frame) {
  auto commands = DecodeCommands(form, frame);
  EXPECT_TRUE(commands.ok()) << commands.status();
  return commands.ok() ? *std::move(commands) : std::vector<Command>();
}

Command JsonCommand(std::string_view json) {
  const auto commands = Commands(Form::kJson, json);
  EXPECT_EQ(commands.size(), 1u) << json;
  return commands.empty() ? Command() : commands[0];
}

std::string ErrorOf(Form form, std::string_view frame, const FrameLimits& limits = {}) {
  const auto commands = DecodeCommands(form, frame, limits);
  EXPECT_TRUE(absl::IsInvalidArgument(commands.status())) << frame;
  return std::string(commands.status().message());
}

TEST(StockClientTest, SaysTheSameInBothForms) {
  for (const StockFrame& frame : kStockFrames) {
    const auto json = Commands(Form::kJson, frame.json);
    const auto protobuf = Commands(Form::kProtobuf, Hex(frame.protobuf_hex));
    ASSERT_EQ(json.size(), protobuf.size()) << frame.what;
    for (size_t i = 0; i < json.size(); ++i) {
      EXPECT_TRUE(MessageDifferencer::Equals(json[i], protobuf[i])) << frame.what << json[i].DebugString();
      EXPECT_EQ(protobuf[i].GetReflection()->GetUnknownFields(protobuf[i]).field_count(), 0) << frame.what;
    }
  }
}

TEST(StockClientTest, ConnectIsUnderstoodInEveryField) {
  const Command command = JsonCommand(std::rbegin(kStockFrames)->json);
  EXPECT_EQ(command.id(), 13u);
  EXPECT_EQ(command.connect().token(), "h2.p2.s2");
  EXPECT_EQ(command.connect().data(), R"({"platform":"web","app_version":"1.2","device_id":"d-1"})");
  EXPECT_EQ(command.connect().name(), "js");
  EXPECT_EQ(command.connect().headers().at("x-a"), "b");
  EXPECT_TRUE(command.connect().subs().at("user:u1").recover());
  EXPECT_EQ(command.connect().subs().at("user:u1").offset(), 7u);
  EXPECT_EQ(command.connect().subs().at("user:u1").epoch(), "e1");
}

TEST(StockClientTest, OurRepliesAreItsOwnBytes) {
  for (const StockFrame& frame : kStockReplies) {
    const auto json = DecodeReplies(Form::kJson, frame.json);
    const auto protobuf = DecodeReplies(Form::kProtobuf, Hex(frame.protobuf_hex));
    ASSERT_TRUE(json.ok() && protobuf.ok()) << frame.what << json.status() << protobuf.status();
    EXPECT_TRUE(MessageDifferencer::Equals((*json)[0], (*protobuf)[0])) << frame.what << (*json)[0].DebugString();
    EXPECT_EQ(EncodeReply((*json)[0], Form::kJson).value(), frame.json) << frame.what;
    EXPECT_EQ(absl::BytesToHexString(EncodeReply((*json)[0], Form::kProtobuf).value()), ToAbsl(frame.protobuf_hex))
        << frame.what;
  }
}

TEST(StockClientTest, PingIsAnEmptyReply) {
  for (const Form form : {Form::kJson, Form::kProtobuf}) {
    EXPECT_EQ(EncodeReply(Reply(), form).value(), PingMessage(form));
    EXPECT_EQ(DecodeReplies(form, PingMessage(form)).value().size(), 1u);
  }
}

TEST(JsonFormTest, KeepsPayloadsAsTheyAre) {
  const char* payloads[] = {"1",
                            "1.50",
                            "-0",
                            "\"\\u0041\"",
                            "null",
                            "true",
                            "[ 1 ,\t2 ]",
                            "{\"b\":1,\"a\":2,\"b\":3}",
                            "1e999",
                            "\"支付\"",
                            "{\n \"a\" : 1 }",
                            "12345678901234567890123"};
  for (const std::string payload : payloads) {
    EXPECT_EQ(JsonCommand("{\"id\":1,\"rpc\":{\"data\": " + payload + " ,\"method\":\"m\"}}").rpc().data(), payload);
  }
}

TEST(JsonFormTest, SkipsUnknownNamesAndNulls) {
  const Command command = JsonCommand(
      R"({"x":{"id":[{"y":1}]},"id":7,"subscribe":{"tf":{"op":"and"},"channel":"room:a","epoch":null,"data":null,)"
      R"("z":[]},"rpc":null,"\u0069d2":1})");
  EXPECT_EQ(command.id(), 7u);
  EXPECT_EQ(command.subscribe().channel(), "room:a");
  EXPECT_EQ(command.subscribe().epoch(), "");
  EXPECT_EQ(command.subscribe().data(), "null");
  EXPECT_FALSE(command.has_rpc());
}

TEST(JsonFormTest, ReadsSeveralCommandsPartedByLineBreaks) {
  EXPECT_EQ(Commands(Form::kJson, "{\"id\":1}\n{\"id\":2}").size(), 2u);
  EXPECT_EQ(Commands(Form::kJson, "\n{\"id\":1}\r\n\n {\"id\":2} \n").size(), 2u);
  EXPECT_EQ(Commands(Form::kJson, "{\"id\":\n1}")[0].id(), 1u);
}

TEST(JsonFormTest, RefusesWhatIsNoFrameAndSaysWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "frame: empty"},
      {" \n", "frame: empty"},
      {"{\"id\":1}{\"id\":2}", "message 2: want a line break before it"},
      {"{\"id\":1} {\"id\":2}", "message 2: want a line break before it"},
      {"[]", "message 1: byte 0: [, want an object"},
      {"null", "null, want an object"},
      {"{\"id\":1}\n7", "message 2: byte 9: 7, want an object"},
      {"{\"id\":-1}", "id: -1, want an integer from 0 to 4294967295"},
      {"{\"id\":4294967296}", "id: 4294967296, want an integer"},
      {"{\"id\":\"1\"}", "id: \", want a JSON value"},
      {"{\"id\":1.0}", "id: 1.0, want an integer"},
      {"{\"id\":1,\"id\":2}", "id: given twice"},
      {"{\"id\":1,\"\\u0069d\":2}", "id: given twice"},
      {"{\"connect\":{\"token\":5}}", "connect.token: 5, want a string"},
      {"{\"connect\":[]}", "connect: [, want an object"},
      {"{\"connect\":{\"subs\":{\"a\":1}}}", "connect.subs: 1, want an object"},
      {"{\"connect\":{\"headers\":{\"a\":{}}}}", "connect.headers: {, want a string"},
      {"{\"subscribe\":{\"recover\":1}}", "subscribe.recover: 1, want true or false"},
      {"{\"history\":{\"limit\":2147483648}}", "history.limit: 2147483648, want an integer"},
      {"{\"rpc\":{\"data\":}}", "rpc.data: }, want a JSON value"},
      {"{\"rpc\":{\"data\":{\"a\":01}}}", "rpc.data: 01, want a JSON value"},
      {"{\"rpc\":{\"method\":\"\xFF\"}}", "rpc.method: bytes that are no UTF-8"},
      {"{\"rpc\":{\"data\":\"\xC0\xAF\"}}", "rpc.data: bytes that are no UTF-8"},
      {"{\"rpc\":{\"data\":\"\\ud800\"}}", "rpc.data: a lone surrogate"},
      {"{\"id\":1", "the end, want \",\" or \"}\""},
      {"{\"id\"", "the end, want \":\""},
      {std::string("{\"id\":1}\0", 9), "message 2: "},
  };
  for (const auto& [frame, error] : cases) {
    const std::string message = ErrorOf(Form::kJson, frame);
    EXPECT_NE(message.find(error), std::string::npos) << frame << " -> " << message;
  }
}

TEST(JsonFormTest, EveryTruncationIsRefused) {
  for (const StockFrame& stock : kStockFrames) {
    if (stock.json.find('\n') != std::string_view::npos) continue;  // Its first line is a frame, too.
    for (size_t n = 0; n < stock.json.size(); ++n) {
      EXPECT_FALSE(DecodeCommands(Form::kJson, stock.json.substr(0, n)).ok()) << stock.json.substr(0, n);
    }
  }
}

TEST(ProtobufFormTest, EveryTruncationIsRefused) {
  for (const StockFrame& stock : kStockFrames) {
    const std::string frame = Hex(stock.protobuf_hex);
    for (size_t n = 0; n < frame.size(); ++n) {
      const auto commands = DecodeCommands(Form::kProtobuf, std::string_view(frame).substr(0, n));
      const bool whole_first = stock.what == "two commands in one frame" && n == size_t(frame[0]) + 1;
      EXPECT_EQ(commands.ok(), whole_first) << stock.what << n;
    }
  }
}

TEST(ProtobufFormTest, RefusesWhatIsNoFrame) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "frame: empty"},
      {"\x80", "no length"},
      {std::string(11, '\xFF'), "no length"},
      {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", "no length"},
      {"\xFF\xFF\xFF\xFF\x0F", "4294967295 bytes, want at most 65536"},
      {"\x02\x08", "cut off"},
      {"\x02\x08\x80", "not a message"},
      {"\x05\x22\x03\x0A\x01\xFF", "not a message"},  // A token that is no UTF-8.
      {"\x02\x0B\x08", "not a message"},              // A group without end.
  };
  for (const auto& [frame, error] : cases) {
    const std::string message = ErrorOf(Form::kProtobuf, frame);
    EXPECT_NE(message.find(error), std::string::npos) << absl::CHexEscape(frame) << " -> " << message;
  }
}

TEST(ProtobufFormTest, TakesAnyBytesAsPayloadAndSkipsUnknownFields) {
  Command command;
  command.set_id(3);
  command.mutable_rpc()->set_data(std::string("\xFF\0{", 3));
  command.GetReflection()->MutableUnknownFields(&command)->AddLengthDelimited(99, "x");
  const auto read = Commands(Form::kProtobuf, EncodeCommand(command, Form::kProtobuf).value());
  EXPECT_EQ(read[0].rpc().data(), std::string("\xFF\0{", 3));
}

TEST(FrameLimitsTest, HoldInBothForms) {
  const FrameLimits limits{.commands_max = 3, .command_bytes_max = 40, .depth_max = 4};
  for (const Form form : {Form::kJson, Form::kProtobuf}) {
    std::string frame;
    Command command;
    for (uint32_t id = 1; id <= 3; ++id) {
      command.set_id(id);
      AppendToFrame(form, EncodeCommand(command, form).value(), &frame);
    }
    EXPECT_EQ(DecodeCommands(form, frame, limits).value().size(), 3u);
    AppendToFrame(form, EncodeCommand(command, form).value(), &frame);
    EXPECT_NE(ErrorOf(form, frame, limits).find("want at most 3 messages"), std::string::npos);

    command.mutable_rpc()->set_method(std::string(40, 'm'));
    EXPECT_NE(ErrorOf(form, EncodeCommand(command, form).value(), limits).find("bytes, want at most 40"),
              std::string::npos);
  }
  EXPECT_TRUE(DecodeCommands(Form::kJson, R"({"rpc":{"data":[[1]]}})", limits).ok());
  EXPECT_NE(ErrorOf(Form::kJson, R"({"rpc":{"data":[[[1]]]}})", limits).find("rpc.data: too deep"), std::string::npos);
}

TEST(EncodePushTest, PassesPayloadsFromOneFormToTheOther) {
  Push push;
  push.set_channel("room:a");
  // A JSON client's payload reaches Protobuf clients as its text.
  push.mutable_pub()->set_data(JsonCommand(R"({"publish":{"data":{"t" : "支"}}})").publish().data());
  const SharedBytes protobuf = EncodePush(push, Form::kProtobuf).value();
  EXPECT_EQ(DecodeReplies(Form::kProtobuf, *protobuf).value()[0].push().pub().data(), "{\"t\" : \"支\"}");
  EXPECT_EQ(*EncodePush(push, Form::kJson).value(), R"({"push":{"channel":"room:a","pub":{"data":{"t" : "支"}}}})");
}

TEST(EncodePushTest, KeepsAMessageOnOneLine) {
  Push push;
  push.mutable_pub()->set_data("{\n  \"a\": \"x\\ny\",\r\n  \"b\": []\n}");
  const std::string line = *EncodePush(push, Form::kJson).value();
  EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(line)["push"]["pub"]["data"], nlohmann::json::parse(push.pub().data()));
}

TEST(EncodePushTest, RefusesInJsonFormWhatIsNotJson) {
  for (const std::string& payload : {std::string("\x08\x01"), std::string("hello"), std::string("{\"a\":1} x"),
                                     std::string("{}\n{}"), std::string("\"\xFF\""), std::string(" ")}) {
    Push push;
    push.mutable_pub()->set_data(payload);
    const auto json = EncodePush(push, Form::kJson);
    EXPECT_TRUE(absl::IsInvalidArgument(json.status())) << payload;
    EXPECT_NE(json.status().message().find("Publication.data: not JSON, want JSON"), std::string::npos);
    EXPECT_FALSE(FitsForm(payload, Form::kJson));
    EXPECT_TRUE(FitsForm(payload, Form::kProtobuf));
    EXPECT_EQ(DecodeReplies(Form::kProtobuf, *EncodePush(push, Form::kProtobuf).value()).value()[0].push().pub().data(),
              payload);
  }
}

TEST(EncodeReplyTest, EscapesTextsAndKeepsBigNumbers) {
  Reply reply = ErrorReply(7, ErrorCode::kBadRequest, "say \"hi\"\n\\\x01");
  reply.mutable_subscribe()->set_offset(UINT64_MAX);
  reply.mutable_subscribe()->set_id(INT64_MIN);
  const auto json = nlohmann::json::parse(EncodeReply(reply, Form::kJson).value());
  EXPECT_EQ(json["error"]["message"], "say \"hi\"\n\\\x01");
  EXPECT_EQ(json["subscribe"]["offset"].get<uint64_t>(), UINT64_MAX);
  EXPECT_EQ(json["subscribe"]["id"].get<int64_t>(), INT64_MIN);
}

TEST(SubprotocolTest, NamesTheForm) {
  EXPECT_EQ(*FormOfSubprotocol(""), Form::kJson);
  EXPECT_EQ(*FormOfSubprotocol("centrifuge-json"), Form::kJson);
  EXPECT_EQ(*FormOfSubprotocol("centrifuge-protobuf"), Form::kProtobuf);
  EXPECT_EQ(FormOfSubprotocol("graphql-ws"), nullptr);
}

TEST(ErrorReplyTest, TakesTextAndTemporaryFromTheTable) {
  for (const ErrorText& row : kErrorTexts) {
    const Reply reply = ErrorReply(5, row.code);
    EXPECT_EQ(reply.id(), 5u);
    EXPECT_EQ(reply.error().code(), static_cast<uint32_t>(row.code));
    EXPECT_EQ(reply.error().message(), row.text);
    EXPECT_EQ(reply.error().temporary(), row.temporary);
  }
}

TEST(CodesTest, DisconnectTableAgreesWithTheRuleByNumber) {
  for (const DisconnectText& row : kDisconnectTexts) {
    EXPECT_EQ(Reconnects(static_cast<uint32_t>(row.code)), row.reconnect) << row.text;
    EXPECT_LE(row.text.size(), 123u);
  }
  for (const uint32_t code : {1000u, 1006u, 3000u, 3499u, 4000u, 4499u, 5000u}) EXPECT_TRUE(Reconnects(code)) << code;
  for (const uint32_t code : {3500u, 3999u, 4500u, 4999u}) EXPECT_FALSE(Reconnects(code)) << code;
  for (const UnsubscribeText& row : kUnsubscribeTexts) {
    EXPECT_EQ(static_cast<uint32_t>(row.code) >= 2500, row.resubscribe) << row.text;
  }
}

}  // namespace
}  // namespace trivium::protocol
