#include "services/gateway/transcoding/json_transcoder.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "external/google/rpc/error_details.pb.h"
#include "libs/status/error.h"
#include "libs/text/utf8.h"
#include "services/gateway/transcoding/testing.h"
#include "services/gateway/transcoding/transcoding_test.pb.h"
#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"
#include "trivium/gateway/v1/command.pb.h"
#include "trivium/ops/v1/ops.pb.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::gateway {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using testing::Everything;

// Every proto of the repository that a command may name, and the tests' own.
const std::vector<const FileDescriptor*>& Files() {
  static const auto* files = new std::vector<const FileDescriptor*>{
      Everything::descriptor()->file(),
      payment::v1::Payment::descriptor()->file(),
      control::v1::ConfigItem::descriptor()->file(),
      control::v1::Instance::descriptor()->file(),
      control::v1::RoutePlan::descriptor()->file(),
      ops::v1::Session::descriptor()->file(),
      v1::Command::descriptor()->file(),
      google::rpc::BadRequest::descriptor()->file(),
  };
  return *files;
}

const ApiSchema& Schema() {
  static const auto* schema = new std::shared_ptr<const ApiSchema>(SchemaOf(Files()));
  return **schema;
}

const google::protobuf::Descriptor& Type() { return *Schema().FindMessage(Everything::descriptor()->full_name()); }

absl::StatusOr<Everything> Transcode(std::string_view json, const TranscodingOptions& options = {}) {
  const auto wire = JsonToProtobuf(Schema(), Type(), json, options);
  if (!wire.ok()) return wire.status();
  Everything message;
  EXPECT_TRUE(message.ParseFromString(*wire)) << json;
  return message;
}

TEST(JsonToProtobufTest, TakesTheCanonicalMapping) {
  const struct {
    const char* json;
    std::function<void(Everything*)> fill;
  } kCases[] = {
      {"{}", [](auto*) {}},
      {R"({"fInt64":"-9223372036854775808","f_uint64":18446744073709551615})",
       [](auto* m) { m->set_f_int64(INT64_MIN), m->set_f_uint64(UINT64_MAX); }},
      {R"({"fInt64":9007199254740993})", [](auto* m) { m->set_f_int64(9007199254740993); }},
      {R"({"fDouble":"NaN","fFloat":"-Infinity"})", [](auto* m) { m->set_f_double(NAN), m->set_f_float(-INFINITY); }},
      {R"({"fInt32":1e2,"colour":"RED","fBytes":"AP8_"})",
       [](auto* m) {
         m->set_f_int32(100), m->set_colour(Everything::RED), m->set_f_bytes(std::string("\0\xff\x3f", 3));
       }},
      {R"({"colour":1,"fString":null,"words":["a","\ud83d\ude00"]})",
       [](auto* m) { m->set_colour(Everything::RED), m->add_words("a"), m->add_words("\xF0\x9F\x98\x80"); }},
      {R"({"counts":{"a":1},"inners":{"-5":{"roomId":"r"}}})",
       [](auto* m) { (*m->mutable_counts())["a"] = 1, (*m->mutable_inners())[-5].set_room_id("r"); }},
      {R"({"timestamp":"2026-01-02T03:04:05.5Z","duration":"1.5s"})",
       [](auto* m) {
         m->mutable_timestamp()->set_seconds(1767323045), m->mutable_timestamp()->set_nanos(500'000'000);
         m->mutable_duration()->set_seconds(1), m->mutable_duration()->set_nanos(500'000'000);
       }},
      {R"({"wrappedInt64":"5","wrappedString":"x","data":{"k":[1,{"n":null}]}})",
       [](auto* m) {
         m->mutable_wrapped_int64()->set_value(5), m->mutable_wrapped_string()->set_value("x");
         auto* list = (*m->mutable_data()->mutable_fields())["k"].mutable_list_value();
         list->add_values()->set_number_value(1);
         (*list->add_values()->mutable_struct_value()->mutable_fields())["n"].set_null_value({});
       }},
      {R"({"any":{"@type":"type.googleapis.com/trivium.gateway.testing.Everything.Inner","roomId":"r"}})",
       [](auto* m) {
         Everything::Inner inner;
         inner.set_room_id("r");
         m->mutable_any()->PackFrom(inner);
       }},
  };
  for (const auto& c : kCases) {
    Everything want;
    c.fill(&want);
    const auto got = Transcode(c.json);
    ASSERT_TRUE(got.ok()) << c.json << ": " << got.status();
    MessageDifferencer differencer;
    google::protobuf::util::DefaultFieldComparator same;
    same.set_treat_nan_as_equal(true);
    differencer.set_field_comparator(&same);
    EXPECT_TRUE(differencer.Compare(*got, want)) << c.json << ": " << got->ShortDebugString();
  }
}

TEST(JsonToProtobufTest, NamesFieldAndByte) {
  const struct {
    std::string json;
    const char* field;
    const char* byte;
  } kCases[] = {
      {"", "body", "0"},
      {"{\"fInt64\":NaN}", "fInt64", "10"},
      {"{\"bogus\":1}", "bogus", "9"},
      {"{\"inner\":{\"bogus\":1}}", "inner.bogus", "18"},
      {"{\"inner\":{\"items\":[{},{\"bogus\":[]}]}}", "inner.items[1].bogus", "31"},
      {"{\"fInt64\":\"x\"}", "fInt64", "10"},
      {"{\"fInt64\":1.5}", "fInt64", "10"},
      {"{\"fInt32\":2147483648}", "fInt32", "10"},
      {"{\"fUint32\":-1}", "fUint32", "11"},
      {"{\"fFloat\":1e300}", "fFloat", "10"},
      {"{\"fInt64\":\"9223372036854775808\"}", "fInt64", "10"},
      {"{\"inner\":{\"price\":{}}}", "inner", "9"},
      {"{\"colour\":\"BLUE\"}", "colour", "10"},
      {"{\"fBytes\":\"*\"}", "fBytes", "10"},
      {"{\"fBool\":\"perhaps\"}", "fBool", "9"},
      {"{\"numbers\":[1,\"x\"]}", "numbers[1]", "14"},
      {"{\"timestamp\":\"yesterday\"}", "timestamp", "13"},
      {"{\"duration\":\"1 h\"}", "duration", "12"},
      {"{\"byName\":\"a\",\"byInner\":{}}", "", ""},
      {"{\"any\":{\"@type\":\"type.googleapis.com/unknown.Type\",\"a\":1}}", "any", "7"},
      {"{\"any\":{\"@type\":\"https://evil.example/x\"}}", "any", "7"},
      {"[]", "", ""},
      {"null", "", ""},
      {"\"x\"", "", ""},
      {"{\"fInt64\":1,\"fInt64\":2}", "fInt64", "12"},
      {"{\"fString\":\"\\ud800\"}", "fString", "12"},
      {"{\"fString\":\"\xff\"}", "fString", "12"},
      {"{\"inner\":[]}", "inner", "9"},
      {"{\"counts\":{\"a\":\"x\"}}", "counts", ""},
      {"{\"inners\":{\"x\":{}}}", "inners", ""},
  };
  for (const auto& c : kCases) {
    const auto got = Transcode(c.json);
    ASSERT_FALSE(got.ok()) << c.json << " " << got->ShortDebugString();
    EXPECT_EQ(got.status().code(), absl::StatusCode::kInvalidArgument) << c.json;
    EXPECT_EQ(ReasonOf(got.status()), "BODY_INVALID") << c.json;
    EXPECT_TRUE(absl::StartsWith(MetadataOf(got.status(), "field"), c.field)) << c.json << ": " << got.status();
    if (*c.byte != '\0') {
      EXPECT_EQ(MetadataOf(got.status(), "byte"), c.byte) << c.json << ": " << got.status();
    }
  }
}

TEST(JsonToProtobufTest, UnknownFieldsAreDroppedOnlyWhenAsked) {
  EXPECT_FALSE(Transcode("{\"bogus\":{\"a\":[1]},\"fInt32\":1}").ok());
  const auto got = Transcode("{\"bogus\":{\"a\":[1]},\"fInt32\":1}", {.ignore_unknown_fields = true});
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->f_int32(), 1);
}

TEST(JsonToProtobufTest, HoldsItsLimits) {
  const absl::Status large = Transcode("{\"fString\":\"abc\"}", {.max_bytes = 16}).status();
  EXPECT_EQ(large.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(large), "BODY_TOO_LARGE");
  std::string bomb;
  for (int i = 0; i < 100'000; ++i) bomb += "{\"inner\":";
  EXPECT_TRUE(absl::StrContains(Transcode(bomb).status().message(), "too deep"));
  std::string numbers = "{\"numbers\":[0";
  for (int i = 0; i < 20'000; ++i) numbers += ",0";
  EXPECT_TRUE(absl::StrContains(Transcode(numbers + "]}").status().message(), "more values"));
}

// The deepest that the limits allow is still a message that a service can parse.
TEST(JsonToProtobufTest, TheDeepestBodyParses) {
  const int depth = JsonLimits().max_depth;
  std::string open = "{\"data\":", close = "}";
  for (int i = 1; i < depth; ++i) open += "{\"a\":", close += "}";
  const auto got = Transcode(open + "1" + close);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(got->has_data());
}

TEST(ProtobufToJsonTest, WritesTheCanonicalMapping) {
  Everything message;
  message.set_f_int64(INT64_MAX);
  message.set_colour(Everything::RED);
  message.mutable_inner()->set_room_id("r\"</课");
  message.mutable_duration()->set_seconds(3);
  EXPECT_EQ(ProtobufToJson(Schema(), Type(), message.SerializeAsString()).value(),
            R"({"fInt64":"9223372036854775807","colour":"RED","inner":{"roomId":"r\"\u003c/课"},"duration":"3s"})");
  EXPECT_EQ(ProtobufToJson(Schema(), Type(), "").value(), "{}");
}

TEST(ProtobufToJsonTest, RefusesAnswersThatAreNoMessage) {
  for (const std::string wire : {"\x72\x05xy", "\x0f", "\x0c", "\x08"}) {
    EXPECT_EQ(ProtobufToJson(Schema(), Type(), wire).status().code(), absl::StatusCode::kInternal) << wire.size();
  }
  // Text that is no UTF-8 never leaves as such.
  EXPECT_TRUE(IsValidUtf8(ProtobufToJson(Schema(), Type(), "\x72\x01\xff").value_or("")));
  Everything any;
  any.mutable_any()->set_type_url("type.googleapis.com/unknown.Type");
  any.mutable_any()->set_value("x");
  EXPECT_EQ(ProtobufToJson(Schema(), Type(), any.SerializeAsString()).status().code(), absl::StatusCode::kInternal);
}

void RoundTrip(const google::protobuf::Descriptor& type, std::mt19937_64& random) {
  const auto& prototype = *google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
  const std::unique_ptr<Message> before(prototype.New()), after(prototype.New()), oracle(prototype.New());
  FillAtRandom(before.get(), random);
  const auto& ours = *Schema().FindMessage(type.full_name());
  const auto json = ProtobufToJson(Schema(), ours, before->SerializeAsString());
  ASSERT_TRUE(json.ok()) << json.status() << before->ShortDebugString();
  const auto wire = JsonToProtobuf(Schema(), ours, *json);
  ASSERT_TRUE(wire.ok()) << wire.status() << *json;
  ASSERT_TRUE(after->ParseFromString(*wire));
  EXPECT_TRUE(MessageDifferencer::Equals(*before, *after)) << *json << "\n"
                                                           << before->ShortDebugString() << "\n"
                                                           << after->ShortDebugString();
  // The generated class reads the same out of it.
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*json, oracle.get()).ok()) << *json;
  EXPECT_TRUE(MessageDifferencer::Equals(*before, *oracle)) << *json;
}

TEST(TranscodingTest, EveryMessageOfTheRepositorySurvivesTheRoundTrip) {
  std::mt19937_64 random(20260102);
  int messages = 0;
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->message_type_count(); ++i, ++messages) {
      for (int round = 0; round < 50; ++round) RoundTrip(*file->message_type(i), random);
    }
  }
  EXPECT_GE(messages, 80);
}

}  // namespace
}  // namespace trivium::gateway
