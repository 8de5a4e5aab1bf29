#include "services/control/domain/registry.h"

#include <gtest/gtest.h>

namespace trivium::control::domain {
namespace {

class RegistryTest : public testing::Test {
 protected:
  Moment Now() const { return {absl::Seconds(1000) + at_, absl::FromUnixSeconds(5000) + at_}; }
  void Pass(double seconds) { at_ += absl::Seconds(seconds); }
  Instance Payment(const std::string& id, const std::string& cell = "cell-a", bool ready = true) const {
    return {id, "payment", cell, "127.0.0.1:" + std::to_string(21000 + id.back()), "1", ready, absl::UnixEpoch()};
  }
  bool Beat(const std::string& id, bool ready = true) {
    return registry_.Heartbeat(Payment(id, "cell-a", ready), Now());
  }
  InstanceState State(const std::string& id) const {
    for (const InstanceState& state : registry_.List()) {
      if (state.instance.id == id) return state;
    }
    return {};
  }

  absl::Duration at_;
  Registry registry_{RegistryOptions{}};
};

TEST_F(RegistryTest, OnlyChangesCount) {
  EXPECT_TRUE(Beat("p1"));
  Pass(1);
  EXPECT_FALSE(Beat("p1"));
  EXPECT_TRUE(Beat("p1", false));
  EXPECT_FALSE(registry_.Leave("unknown", Now()));
  EXPECT_TRUE(registry_.Leave("p1", Now()));
  EXPECT_FALSE(registry_.Leave("p1", Now()));
  EXPECT_FALSE(State("p1").alive);
  EXPECT_TRUE(State("p1").was_ready);
}

TEST_F(RegistryTest, AnInstanceSilentForThreeSecondsIsGoneWhenAnotherIsHeard) {
  Beat("p1"), Beat("p2");
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(registry_.Expire(Now())) << i;
    Pass(1);
    Beat("p2");
  }
  EXPECT_TRUE(registry_.Expire(Now()));
  EXPECT_FALSE(State("p1").alive);
  EXPECT_TRUE(State("p2").alive);
  EXPECT_EQ(registry_.kept_groups(), 0);
}

TEST_F(RegistryTest, AllSilentAtOnceAreKeptEvenWhenTheirTimesDifferALittle) {
  Beat("p1");
  Pass(0.7);
  Beat("p2");
  Pass(2.4);  // p1 for 3.1 s, p2 for 2.4 s.
  EXPECT_FALSE(registry_.Expire(Now()));
  EXPECT_TRUE(State("p1").alive);
  Pass(1);
  EXPECT_TRUE(registry_.Expire(Now()));
  EXPECT_TRUE(State("p1").kept && State("p1").alive);
  EXPECT_TRUE(State("p2").kept && State("p2").alive);
  EXPECT_EQ(registry_.kept_groups(), 1);
  EXPECT_FALSE(registry_.Expire(Now()));

  // One comes back: so the other one is ill.
  EXPECT_TRUE(Beat("p2"));
  EXPECT_TRUE(registry_.Expire(Now()));
  EXPECT_FALSE(State("p1").alive);
  EXPECT_FALSE(State("p2").kept);
  EXPECT_EQ(registry_.kept_groups(), 0);
}

TEST_F(RegistryTest, CellsAreJudgedOneByOne) {
  registry_.Heartbeat(Payment("a1", "cell-a"), Now());
  registry_.Heartbeat(Payment("b1", "cell-b"), Now());
  Pass(4);
  registry_.Heartbeat(Payment("b1", "cell-b"), Now());
  registry_.Expire(Now());
  EXPECT_TRUE(State("a1").kept) << "all of its service in its cell are silent";
}

TEST_F(RegistryTest, RestoredInstancesHaveThreeHeartbeatsOfGrace) {
  registry_.Restore({.instance = Payment("p1"), .alive = true}, Now());
  registry_.Restore({.instance = Payment("p2"), .alive = true}, Now());
  Pass(2.9);
  Beat("p2");
  registry_.Expire(Now());
  EXPECT_TRUE(State("p1").alive);
  Pass(0.2);
  EXPECT_TRUE(registry_.Expire(Now()));
  EXPECT_FALSE(State("p1").alive);
}

TEST_F(RegistryTest, ForgetsLostInstancesInTheEnd) {
  Beat("p1");
  registry_.Leave("p1", Now());
  Pass(30 * 86400 - 1);
  registry_.Expire(Now());
  EXPECT_EQ(registry_.List().size(), 1u);
  Pass(2);
  EXPECT_TRUE(registry_.Expire(Now()));
  EXPECT_TRUE(registry_.List().empty());
}

TEST_F(RegistryTest, RemembersABoundedNumberOfLostInstances) {
  Registry registry{RegistryOptions{.max_remembered = 3}};
  for (int i = 0; i < 10; ++i) {
    registry.Heartbeat(Payment("lost-" + std::to_string(i)), Now());
    Pass(1);
    registry.Leave("lost-" + std::to_string(i), Now());
  }
  EXPECT_EQ(registry.List().size(), 3u);
  EXPECT_TRUE(registry.Knows("lost-9"));
  EXPECT_FALSE(registry.Knows("lost-6"));
}

TEST_F(RegistryTest, AnInstanceHeardOfThroughTheStoreHasSlack) {
  registry_.Heartbeat(Payment("p1"), Now(), absl::Seconds(4));
  Pass(6.9);
  Beat("p2");
  EXPECT_FALSE(registry_.Expire(Now()));
  Pass(0.2);
  EXPECT_TRUE(registry_.Expire(Now()));
}

}  // namespace
}  // namespace trivium::control::domain
