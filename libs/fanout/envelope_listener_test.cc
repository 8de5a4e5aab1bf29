#include "libs/fanout/envelope_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/fanout/metrics.h"
#include "libs/fanout/recording_listener.h"

namespace trivium::fanout {
namespace {

using testing::ElementsAre;

const std::string kName = "fanout:events:{acme/room:r1}";

class EnvelopeListenerTest : public testing::Test {
 protected:
  Metrics metrics_;
  RecordingListener recorder_;
  EnvelopeListener listener_{recorder_, metrics_};
};

TEST_F(EnvelopeListenerTest, PassesEnvelopesOnInOrderWithTheirChannel) {
  const auto first =
      EncodeEnvelope({.kind = Kind::kAppended, .offset = 7, .sequence = 2, .epoch = "e", .payload = "a"});
  listener_.OnSubscribed(kName);
  listener_.OnMessage(kName, *first);
  listener_.OnMessage("fanout:events:{acme/user:u}", *EncodeEnvelope({.kind = Kind::kTransient, .payload = "b"}));
  listener_.OnLost();
  const auto heard = recorder_.AwaitHeard(2);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].channel, "room:r1");
  EXPECT_EQ(heard[0].position, (Position{"e", 7}));
  EXPECT_EQ(heard[0].sequence, 2);
  EXPECT_EQ(heard[1].channel, "user:u");
  EXPECT_EQ(heard[1].payload, "b");
  EXPECT_THAT(recorder_.AwaitSubscribed(1), ElementsAre("room:r1"));
  EXPECT_EQ(recorder_.lost(), 1);
  EXPECT_EQ(metrics_.GetCounter(kReceived, {"appended"}).Value(), 1);
  EXPECT_EQ(metrics_.GetCounter(kReceived, {"transient"}).Value(), 1);
}

TEST_F(EnvelopeListenerTest, CountsAndDropsWhatIsNoEnvelopeOfAChannel) {
  const std::string good = EncodeEnvelope({.kind = Kind::kTransient, .payload = "b"}).value();
  listener_.OnMessage(kName, "");
  listener_.OnMessage(kName, "\x01");
  listener_.OnMessage(kName, std::string(100, '\xff'));
  listener_.OnMessage("foreign", good);
  listener_.OnMessage("fanout:events:{acme}", good);
  listener_.OnSubscribed("foreign");
  EXPECT_EQ(metrics_.GetCounter(kMalformed).Value(), 5);
  EXPECT_TRUE(recorder_.AwaitHeard(0).empty());
  EXPECT_TRUE(recorder_.AwaitSubscribed(0).empty());
}

}  // namespace
}  // namespace trivium::fanout
