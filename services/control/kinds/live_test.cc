#include "services/control/kinds/live.h"

#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "services/control/kinds/product_profile.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/live/v1/live_capacity.pb.h"

namespace trivium::control {
namespace {

using common::v1::LiveProfile;
using live::v1::LiveCapacity;

std::string FirstWrong(const LiveProfile& live) {
  common::v1::ProductProfile profile;
  profile.set_display_name_zh("示例");
  profile.set_display_name_en("Acme");
  profile.set_time_zone("Asia/Shanghai");
  *profile.mutable_live() = live;
  google::protobuf::Any value;
  value.PackFrom(profile);
  const Violations wrong = CheckProductProfile(value);
  return wrong.empty() ? "" : wrong.front().first;
}

std::string FirstWrong(const LiveCapacity& capacity) {
  google::protobuf::Any value;
  value.PackFrom(capacity);
  const Violations wrong = CheckLiveCapacity(value);
  return wrong.empty() ? "" : wrong.front().first;
}

TEST(LiveProfileTest, TakesDefaultsAndRealAddresses) {
  EXPECT_EQ(FirstWrong(LiveProfile()), "");
  LiveProfile live;
  live.set_rtc_url("wss://rtc.example.com:8189/janus");
  live.set_fast_domain("fast.example.com");
  live.set_standard_domain("127.0.0.1:8080");
  live.set_stream_app("class_1");
  live.mutable_room_capacity()->set_rtc(0);
  EXPECT_EQ(FirstWrong(live), "");
}

TEST(LiveProfileTest, NamesTheFieldThatIsWrong) {
  const struct {
    std::string field;
    std::function<void(LiveProfile*)> spoil;
  } kCases[] = {
      {"product_capacity.rtc", [](auto* p) { p->mutable_product_capacity()->set_rtc(-1); }},
      {"institution_capacity.fast", [](auto* p) { p->mutable_institution_capacity()->set_fast(10'000'001); }},
      {"room_capacity.standard", [](auto* p) { p->mutable_room_capacity()->set_standard(-1); }},
      {"queue_size", [](auto* p) { p->set_queue_size(100'001); }},
      {"seats", [](auto* p) { p->set_seats(51); }},
      {"stage_size", [](auto* p) { p->set_stage_size(-1); }},
      {"staff_slots", [](auto* p) { p->set_staff_slots(51); }},
      {"lease", [](auto* p) { p->mutable_lease()->set_seconds(4); }},
      {"lease", [](auto* p) { p->mutable_lease()->set_seconds(301); }},
      {"close_delay", [](auto* p) { p->mutable_close_delay()->set_seconds(3601); }},
      {"media_app_id", [](auto* p) { p->set_media_app_id(0x1'0000'0000); }},
      {"media_token_ttl", [](auto* p) { p->mutable_media_token_ttl()->set_seconds(59); }},
      {"rtc_url", [](auto* p) { p->set_rtc_url("https://a"); }},
      {"rtc_url", [](auto* p) { p->set_rtc_url("wss://"); }},
      {"rtc_url", [](auto* p) { p->set_rtc_url("wss://a?x=1"); }},
      {"fast_domain", [](auto* p) { p->set_fast_domain("https://a"); }},
      {"standard_domain", [](auto* p) { p->set_standard_domain("a/b"); }},
      {"standard_domain", [](auto* p) { p->set_standard_domain(std::string(201, 'a')); }},
      {"stream_app", [](auto* p) { p->set_stream_app("Live"); }},
      {"max_calls_per_second", [](auto* p) { p->set_max_calls_per_second(1'000'001); }},
  };
  for (const auto& c : kCases) {
    LiveProfile live;
    c.spoil(&live);
    EXPECT_EQ(FirstWrong(live), "value.live." + c.field);
  }
}

LiveCapacity GoodCapacity() {
  LiveCapacity capacity;
  capacity.mutable_platform()->set_rtc(100);
  capacity.add_nodes()->set_name("node-a");
  capacity.mutable_nodes(0)->mutable_capacity()->set_rtc(50);
  return capacity;
}

TEST(LiveCapacityTest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(FirstWrong(GoodCapacity()), "");
  const struct {
    std::string field;
    std::function<void(LiveCapacity*)> spoil;
  } kCases[] = {
      {"value.platform", [](auto* c) { c->clear_platform(); }},
      {"value.platform.fast", [](auto* c) { c->mutable_platform()->set_fast(-1); }},
      {"value.nodes", [](auto* c) { c->clear_nodes(); }},
      {"value.nodes",
       [](auto* c) {
         while (c->nodes_size() <= 200) *c->add_nodes() = c->nodes(0);
       }},
      {"value.nodes[0].name", [](auto* c) { c->mutable_nodes(0)->set_name("Node A"); }},
      {"value.nodes[1].name", [](auto* c) { *c->add_nodes() = c->nodes(0); }},
      {"value.nodes[0].capacity", [](auto* c) { c->mutable_nodes(0)->clear_capacity(); }},
      {"value.nodes[0].capacity.standard",
       [](auto* c) { c->mutable_nodes(0)->mutable_capacity()->set_standard(10'000'001); }},
  };
  for (const auto& c : kCases) {
    LiveCapacity capacity = GoodCapacity();
    c.spoil(&capacity);
    EXPECT_EQ(FirstWrong(capacity), c.field);
  }
}

TEST(LiveCapacityTest, IsAKindNamedByCells) {
  const Kind* kind = FindKind(kLiveCapacity);
  ASSERT_NE(kind, nullptr);
  EXPECT_TRUE(kind->name_ok("platform"));
  EXPECT_TRUE(kind->name_ok("cell-a"));
  EXPECT_FALSE(kind->name_ok("Cell A"));
  EXPECT_FALSE(kind->by_percentage);
  google::protobuf::Any value;
  value.PackFrom(GoodCapacity());
  value.set_value(value.value() + "\xff");
  EXPECT_EQ(CheckLiveCapacity(value).at(0).first, "value");
}

}  // namespace
}  // namespace trivium::control
