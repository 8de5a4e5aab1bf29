#include "services/live/validate.h"

#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/match.h"
#include "libs/status/error.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::live {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);

v1::CreateRoomRequest GoodCreate() {
  v1::CreateRoomRequest request;
  request.set_request_id("request-1");
  request.set_room_ref("数学 7");
  request.set_type(v1::Room::LARGE);
  request.set_title("数学");
  request.set_institution_id("school-1");
  request.mutable_start_time()->set_seconds(absl::ToUnixSeconds(kNow));
  request.mutable_duration()->set_seconds(3600);
  return request;
}

// "": good; else the fields that the message begins with.
std::string Wrong(const absl::Status& status) {
  if (status.ok()) return "";
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  const std::string message(status.message());
  return message.substr(0, message.find(':'));
}

TEST(ValidateTest, CreateRoomNamesTheFieldThatIsWrong) {
  EXPECT_EQ(Wrong(Validate(GoodCreate(), kNow)), "");
  const struct {
    const char* field;
    std::function<void(v1::CreateRoomRequest*)> spoil;
  } kCases[] = {
      {"request_id", [](auto* r) { r->set_request_id("short"); }},
      {"room_ref", [](auto* r) { r->clear_room_ref(); }},
      {"room_ref", [](auto* r) { r->set_room_ref("a\nb"); }},
      {"type", [](auto* r) { r->clear_type(); }},
      {"title", [](auto* r) { r->set_title(std::string(121, 'x')); }},
      {"institution_id", [](auto* r) { r->set_institution_id("a b"); }},
      {"start_time", [](auto* r) { r->clear_start_time(); }},
      {"start_time", [](auto* r) { r->mutable_start_time()->set_seconds(INT64_MAX); }},
      {"start_time", [](auto* r) { r->mutable_start_time()->set_seconds(absl::ToUnixSeconds(kNow) - 86401); }},
      {"duration", [](auto* r) { r->mutable_duration()->set_seconds(59); }},
      {"duration", [](auto* r) { r->mutable_duration()->set_seconds(INT64_MAX); }},
      {"duration", [](auto* r) { r->mutable_duration()->set_nanos(-1); }},
      {"stage_size", [](auto* r) { r->set_stage_size(51); }},
      {"staff_slots", [](auto* r) { r->set_staff_slots(-1); }},
      {"seats", [](auto* r) { r->set_seats(6); }},
      {"capacity.fast", [](auto* r) { r->mutable_capacity()->set_fast(-1); }},
      {"close_delay", [](auto* r) { r->mutable_close_delay()->set_seconds(3601); }},
      {"capacity",
       [](auto* r) {
         r->set_type(v1::Room::SMALL);
         r->mutable_capacity();
       }},
  };
  for (const auto& c : kCases) {
    v1::CreateRoomRequest request = GoodCreate();
    c.spoil(&request);
    EXPECT_EQ(Wrong(Validate(request, kNow)), c.field);
  }
}

TEST(ValidateTest, AUserSpeaksForItselfAndBringsAGrant) {
  v1::JoinRoomRequest request;
  request.set_room_id(FormatId("room", Id{}));
  EXPECT_EQ(Wrong(Validate(request, "u-1")), "");
  request.set_user_id("u-1");
  EXPECT_EQ(Wrong(Validate(request, "u-1")), "");
  EXPECT_EQ(Wrong(Validate(request, "u-2")), "user_id");
  EXPECT_EQ(Wrong(Validate(request, "")), "role") << "a backend names it";
  request.set_role(v1::TEACHER);
  EXPECT_EQ(Wrong(Validate(request, "")), "");
  EXPECT_EQ(Wrong(Validate(request, "u-1")), "role") << "a user does not";
  request.set_grant("x");
  EXPECT_EQ(Wrong(Validate(request, "")), "grant");
  request.clear_grant();
  request.set_role(static_cast<v1::Role>(9));
  EXPECT_EQ(Wrong(Validate(request, "")), "role");
  request.set_role(v1::STUDENT);
  request.set_platform("iOS 17");
  EXPECT_EQ(Wrong(Validate(request, "")), "platform");
  request.clear_platform();
  request.set_room_id("room_1");
  EXPECT_EQ(Wrong(Validate(request, "")), "room_id");
}

TEST(ValidateTest, ReportsAreBoundedInEachField) {
  v1::HeartbeatRequest good;
  good.set_room_id(FormatId("room", Id{}));
  good.set_join_id(FormatId("join", Id{}));
  good.set_epoch(1);
  good.mutable_qoe()->set_sequence(1);
  EXPECT_EQ(Wrong(Validate(good, "u-1")), "");
  const auto* descriptor = v1::QoeReport::descriptor();
  int fields = 0;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_INT64) continue;
    ++fields;
    v1::HeartbeatRequest bad = good;
    bad.mutable_qoe()->GetReflection()->SetInt64(bad.mutable_qoe(), field, -1);
    EXPECT_EQ(Wrong(Validate(bad, "u-1")), "qoe." + field->name());
    if (field->name() == "sequence") continue;
    bad.mutable_qoe()->GetReflection()->SetInt64(bad.mutable_qoe(), field, INT64_MAX);
    EXPECT_EQ(Wrong(Validate(bad, "u-1")), "qoe." + field->name());
  }
  EXPECT_EQ(fields, 18);
  good.mutable_qoe()->mutable_join_steps()->set_first_frame_ms(600'001);
  EXPECT_EQ(Wrong(Validate(good, "u-1")), "qoe.join_steps.first_frame_ms");
  good.clear_qoe();
  good.set_epoch(0);
  EXPECT_EQ(Wrong(Validate(good, "u-1")), "epoch");
}

TEST(ValidateTest, StaysOfARoomOrOfAUser) {
  v1::ListStaysRequest request;
  EXPECT_EQ(Wrong(Validate(request)), "room_id");
  request.set_room_id(FormatId("room", Id{}));
  EXPECT_EQ(Wrong(Validate(request)), "");
  request.set_user_id("u-1");
  EXPECT_EQ(Wrong(Validate(request)), "user_id");
  request.clear_room_id();
  EXPECT_EQ(Wrong(Validate(request)), "");
  request.set_user_id("u 1");
  request.set_page_size(-1);
  EXPECT_EQ(Wrong(Validate(request)), "page_size");
  request.set_page_size(0);
  EXPECT_EQ(Wrong(Validate(request)), "user_id");
  v1::ListRoomEventsRequest events;
  EXPECT_EQ(Wrong(Validate(events)), "room_id");
}

TEST(ValidateTest, OneOfRoomIdAndRef) {
  v1::GetRoomRequest request;
  EXPECT_EQ(Wrong(Validate(request)), "room_id");
  request.set_room_ref("x");
  EXPECT_EQ(Wrong(Validate(request)), "");
  request.set_room_id(FormatId("room", Id{}));
  EXPECT_EQ(Wrong(Validate(request)), "room_ref");
}

}  // namespace
}  // namespace trivium::live
