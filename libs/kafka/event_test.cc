#include "libs/kafka/event.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "libs/clock/clock.h"

namespace trivium::kafka {
namespace {

Event Sample() {
  FakeClock clock;
  return {.id = NewSeededIdGenerator(clock, 1)->Next(),
          .topic = "trivium.payment.events.v1",
          .key = "pay_1",
          .type = "trivium.payment.v1.Event",
          .product = "acme",
          .subject = "payment/pay_1",
          .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          .time = absl::FromUnixMicros(1795334400123456),
          .payload = std::string("\0\1\xff", 3)};
}

TEST(Event, ComesBackAsItWas) {
  const Event event = Sample();
  const auto back = FromMessage(ToMessage(event));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->id, event.id);
  EXPECT_EQ(back->topic, event.topic);
  EXPECT_EQ(back->key, event.key);
  EXPECT_EQ(back->type, event.type);
  EXPECT_EQ(back->product, event.product);
  EXPECT_EQ(back->subject, event.subject);
  EXPECT_EQ(back->traceparent, event.traceparent);
  EXPECT_EQ(back->time, event.time);
  EXPECT_EQ(back->payload, event.payload);
}

TEST(Event, CarriesCloudEventsAttributes) {
  const Message message = ToMessage(Sample());
  const auto header = [&](const std::string& name) {
    const auto it =
        std::find_if(message.headers.begin(), message.headers.end(), [&](const auto& h) { return h.first == name; });
    return it == message.headers.end() ? "none" : it->second;
  };
  EXPECT_EQ(header("ce_specversion"), "1.0");
  EXPECT_EQ(header("ce_source"), "/trivium/payment");
  EXPECT_EQ(header("ce_type"), "trivium.payment.v1.Event");
  EXPECT_EQ(header("ce_product"), "acme");
  EXPECT_EQ(header("ce_time"), "2026-11-22T08:00:00.123456+00:00");
  EXPECT_EQ(header("content-type"), "application/protobuf");
}

TEST(Event, RefusesAMessageWithoutARequiredHeaderAndNamesIt) {
  for (const std::string name : {"ce_id", "ce_type", "ce_product", "ce_time"}) {
    for (const std::string value : {"", "gone"}) {
      Message message = ToMessage(Sample());
      std::erase_if(message.headers, [&](const auto& h) { return h.first == name; });
      if (value.empty()) message.headers.emplace_back(name, value);
      const absl::Status status = FromMessage(message).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
      EXPECT_NE(status.message().find(name), std::string::npos) << status;
    }
  }
}

TEST(Event, RefusesMalformedIdsAndTimes) {
  for (const auto& [name, value] :
       Headers{{"ce_id", "evt_!"}, {"ce_id", "pay_06asn3v4k1f7s8t9v0w1x2y3z4"}, {"ce_time", "noon"}}) {
    Message message = ToMessage(Sample());
    for (auto& h : message.headers) {
      if (h.first == name) h.second = value;
    }
    EXPECT_FALSE(FromMessage(message).ok()) << name << value;
  }
}

}  // namespace
}  // namespace trivium::kafka
