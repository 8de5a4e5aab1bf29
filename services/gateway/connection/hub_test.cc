#include "services/gateway/connection/hub.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace trivium::gateway {
namespace {

std::multiset<Subscriber*> Reached(Hub& hub, std::string_view channel, int form) {
  std::multiset<Subscriber*> reached;
  hub.ForEach(channel, form, [&](Subscriber& subscriber) { reached.insert(&subscriber); });
  return reached;
}

TEST(Hub, ReachesMembersOfTheFormAlone) {
  Hub hub;
  Subscriber json(0), protobuf(1), other(0);
  EXPECT_TRUE(hub.Join(json, "room:1"));
  EXPECT_FALSE(hub.Join(json, "room:1"));
  EXPECT_TRUE(hub.Join(protobuf, "room:1"));
  EXPECT_TRUE(hub.Join(other, "room:2"));
  EXPECT_EQ(Reached(hub, "room:1", 0), (std::multiset<Subscriber*>{&json}));
  EXPECT_EQ(Reached(hub, "room:1", 1), (std::multiset<Subscriber*>{&protobuf}));
  EXPECT_TRUE(Reached(hub, "room:3", 0).empty());
  EXPECT_EQ(hub.Members("room:1"), 2u);
  EXPECT_FALSE(hub.Leave(other, "room:1"));
  hub.LeaveAll(json);
  hub.LeaveAll(protobuf);
  EXPECT_EQ(hub.channels(), 1u);
}

TEST(Hub, EveryMemberIsReachedOnceWhileAllLeaveOnTheWay) {
  Hub hub;
  std::vector<std::unique_ptr<Subscriber>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::make_unique<Subscriber>(0));
    hub.Join(*all.back(), "room");
    hub.Join(*all.back(), "product");
  }
  std::set<Subscriber*> reached;
  int leaving = 0;
  hub.ForEach("room", 0, [&](Subscriber& subscriber) {
    EXPECT_TRUE(reached.insert(&subscriber).second);
    if (++leaving % 3 != 0) hub.LeaveAll(subscriber);
  });
  EXPECT_EQ(reached.size(), 100u);
  EXPECT_EQ(hub.Members("room"), 33u);
  hub.ForEach("room", 0, [&](Subscriber& subscriber) { hub.LeaveAll(subscriber); });
  EXPECT_EQ(hub.channels(), 0u);
}

TEST(Hub, BehavesAsItsModel) {
  std::mt19937 random(5);
  Hub hub;
  std::vector<std::unique_ptr<Subscriber>> all;
  for (int i = 0; i < 40; ++i) all.push_back(std::make_unique<Subscriber>(i % kForms));
  std::map<std::string, std::set<Subscriber*>> model;
  for (int step = 0; step < 20000; ++step) {
    Subscriber& who = *all[random() % all.size()];
    const std::string channel = "c" + std::to_string(random() % 12);
    switch (random() % 8) {
      case 0:
        hub.LeaveAll(who);
        for (auto& [name, members] : model) members.erase(&who);
        break;
      case 1:
      case 2:
      case 3:
        ASSERT_EQ(hub.Leave(who, channel), model[channel].erase(&who) > 0);
        break;
      default:
        ASSERT_EQ(hub.Join(who, channel), model[channel].insert(&who).second);
    }
    std::multiset<Subscriber*> reached = Reached(hub, channel, 0);
    reached.merge(Reached(hub, channel, 1));
    ASSERT_EQ(reached, std::multiset<Subscriber*>(model[channel].begin(), model[channel].end()));
  }
  for (const auto& subscriber : all) hub.LeaveAll(*subscriber);
  EXPECT_EQ(hub.channels(), 0u);
}

}  // namespace
}  // namespace trivium::gateway
