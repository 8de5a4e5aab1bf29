#include "services/control/domain/endpoints.h"

#include <gtest/gtest.h>

namespace trivium::control::domain {
namespace {

InstanceState Make(const std::string& id, const std::string& cell, const std::string& address, bool alive = true,
                   bool ready = true, bool was_ready = true) {
  return {.instance = {id, "payment", cell, address, "1", ready, absl::UnixEpoch()},
          .alive = alive,
          .was_ready = was_ready};
}

using Endpoints = std::vector<CellEndpoints>;

InstanceState OfVersion(InstanceState state, const std::string& version) {
  state.instance.version = version;
  return state;
}

TEST(EndpointsOfTest, FollowsTheOrderOfCellsWithoutGaps) {
  const std::vector<InstanceState> instances = {Make("a1", "cell-a", "10.0.0.1:1"), Make("a2", "cell-a", "10.0.0.2:1"),
                                                Make("c1", "cell-c", "10.0.2.1:1"),
                                                Make("b1", "cell-b", "10.0.1.1:1", false)};
  EXPECT_EQ(EndpointsOf("payment", {{"cell-c"}, {"cell-b"}, {"cell-a"}}, instances),
            (Endpoints{{"cell-c", {"10.0.2.1:1"}}, {"cell-a", {"10.0.0.1:1", "10.0.0.2:1"}}}));
  EXPECT_EQ(EndpointsOf("push", {{"cell-a"}}, instances), Endpoints{});
}

TEST(EndpointsOfTest, LeavesOutWhatIsNotReadyAndAnAddressThatIsThereAlready) {
  const std::vector<InstanceState> instances = {Make("a1", "cell-a", "10.0.0.1:1"),
                                                Make("a2", "cell-a", "10.0.0.2:1", true, false),
                                                Make("a3", "cell-a", "10.0.0.1:1"), Make("b1", "cell-b", "10.0.0.1:1")};
  EXPECT_EQ(EndpointsOf("payment", {{"cell-a"}, {"cell-b"}}, instances), (Endpoints{{"cell-a", {"10.0.0.1:1"}}}));
}

TEST(EndpointsOfTest, ACanaryHasItsShareWhileBothSidesHaveInstances) {
  const InstanceState old1 = Make("a1", "cell-a", "10.0.0.1:1"), old2 = Make("a2", "cell-a", "10.0.0.2:1");
  const InstanceState new1 = OfVersion(Make("a3", "cell-a", "10.0.0.3:1"), "2");
  const InstanceState going = OfVersion(Make("a4", "cell-a", "10.0.0.4:1", true, false), "2");
  const struct {
    const char* what;
    Canary canary;
    std::vector<InstanceState> instances;
    CellEndpoints want;
  } kCases[] = {
      {"a share", {"2", 5}, {old1, old2, new1}, {"cell-a", {"10.0.0.1:1", "10.0.0.2:1"}, {"10.0.0.3:1"}, 5}},
      {"no share", {"2", 0}, {old1, new1}, {"cell-a", {"10.0.0.1:1"}}},
      {"all", {"2", 100}, {old1, new1}, {"cell-a", {"10.0.0.3:1"}}},
      {"all, and none there", {"2", 100}, {old1}, {"cell-a", {"10.0.0.1:1"}}},
      {"none of it is ready", {"2", 50}, {old1, going}, {"cell-a", {"10.0.0.1:1"}}},
      {"nobody else is there", {"2", 0}, {new1}, {"cell-a", {"10.0.0.3:1"}}},
      {"no canary", {}, {old1, new1}, {"cell-a", {"10.0.0.1:1", "10.0.0.3:1"}}},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(EndpointsOf("payment", {{"cell-a", false, c.canary}}, c.instances), Endpoints{c.want}) << c.what;
  }
}

InstanceState Lost(InstanceState state, int seconds) {
  state.alive = false;
  state.lost_time = absl::FromUnixSeconds(seconds);
  return state;
}

TEST(EndpointsOfTest, FallsBackToDrainingInstancesThenToThoseLostLast) {
  const InstanceState starting = Make("a0", "cell-a", "10.0.0.9:1", true, false, false);
  const InstanceState draining = Make("b1", "cell-b", "10.0.1.1:1", true, false);
  const InstanceState lost = Lost(Make("a1", "cell-a", "10.0.0.1:1"), 1000),
                      with_it = Lost(Make("b2", "cell-b", "10.0.1.2:1"), 990);
  const InstanceState long_ago = Lost(Make("a2", "cell-a", "10.0.0.2:1"), 100);
  EXPECT_EQ(EndpointsOf("payment", {{"cell-a"}, {"cell-b"}}, {starting, draining, lost}),
            (Endpoints{{"cell-b", {"10.0.1.1:1"}}}));
  EXPECT_EQ(EndpointsOf("payment", {{"cell-a"}, {"cell-b"}}, {starting, lost, with_it, long_ago}),
            (Endpoints{{"cell-a", {"10.0.0.1:1"}}, {"cell-b", {"10.0.1.2:1"}}}));
  EXPECT_EQ(EndpointsOf("payment", {{"cell-a"}}, {starting}), Endpoints{});
}

}  // namespace
}  // namespace trivium::control::domain
