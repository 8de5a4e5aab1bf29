#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>

#include "libs/fanout/presence_script.h"
#include "libs/fanout/test_fanout.h"
#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const Channel kRoom{"acme", "room:r1"};
constexpr absl::Duration kLong = absl::Hours(1), kBrief = absl::Milliseconds(1);

PresentConnection Present(const std::string& id, const std::string& user, absl::Duration ttl = kLong,
                          const std::string& info = "") {
  return {.channel = kRoom, .connection = {.id = id, .user = user, .info = info}, .ttl = ttl};
}

class PresenceTest : public RedisSuite {
 protected:
  void Refresh(const std::vector<PresentConnection>& items) {
    for (const absl::Status& status : presence().Refresh(items, Soon())) ASSERT_EQ(status, absl::OkStatus());
  }
  void Remove(const std::vector<std::string>& ids) {
    std::vector<AbsentConnection> items;
    for (const std::string& id : ids) items.push_back({.channel = kRoom, .id = id});
    for (const absl::Status& status : presence().Remove(items, Soon())) ASSERT_EQ(status, absl::OkStatus());
  }
  // {connections, users}.
  std::pair<int64_t, int64_t> Count() {
    const auto count = presence().Count(kRoom, Soon());
    EXPECT_TRUE(count.ok()) << count.status();
    return count.ok() ? std::pair(count->num_connections, count->num_users) : std::pair<int64_t, int64_t>(-1, -1);
  }
  std::vector<Connection> List(size_t limit = kMaxPresenceListed) {
    const auto list = presence().List(kRoom, limit, Soon());
    EXPECT_TRUE(list.ok()) << list.status();
    return list.ok() ? list->connections : std::vector<Connection>{};
  }
  int64_t KeysLeft() {
    return Integer({"EXISTS", KeyOf(Key::kConnections, kRoom), KeyOf(Key::kExpiry, kRoom), KeyOf(Key::kUsers, kRoom)});
  }
  // Waits, without presence's doing, until only `left` connections have time left.
  bool AwaitUnexpired(int64_t left) {
    return Eventually([&] {
      const auto reply = Run({"TIME"});
      if (!reply.ok()) return false;
      const auto time = reply->Tuple(2);
      if (!time.ok()) return false;
      const int64_t now = (*time)[0].Number().value() * 1000 + (*time)[1].Number().value() / 1000;
      return Integer({"ZCOUNT", KeyOf(Key::kExpiry, kRoom), absl::StrCat("(", now), "+inf"}) == left;
    });
  }
  Presence& presence() { return *fanout_.presence; }

  TestFanout fanout_{redis_->client_options()};
};

using Pair = std::pair<int64_t, int64_t>;

TEST_F(PresenceTest, CountsConnectionsAndDifferentUsers) {
  EXPECT_EQ(Count(), Pair(0, 0));
  Refresh({Present("c1", "li", kLong, "phone"), Present("c2", "li"), Present("c3", "han")});
  EXPECT_EQ(Count(), Pair(3, 2));
  EXPECT_THAT(List(), UnorderedElementsAre(Connection{"c1", "li", "phone"}, Connection{"c2", "li", ""},
                                           Connection{"c3", "han", ""}));
  Refresh({Present("c1", "li", kLong, "phone"), Present("c1", "li", kLong, "tablet")});
  EXPECT_EQ(Count(), Pair(3, 2)) << "a refresh is no second connection";
  Remove({"c1", "c1", "never"});
  EXPECT_EQ(Count(), Pair(2, 2));
  Remove({"c2"});
  EXPECT_EQ(Count(), Pair(1, 1));
  Remove({"c3"});
  EXPECT_EQ(Count(), Pair(0, 0));
  EXPECT_EQ(KeysLeft(), 0);
}

TEST_F(PresenceTest, AConnectionMayChangeItsUserAndInfo) {
  Refresh({Present("c1", "li", kLong, "a"), Present("c2", "han")});
  Refresh({Present("c1", "han", kLong, "b")});
  EXPECT_EQ(Count(), Pair(2, 1));
  EXPECT_THAT(List(), UnorderedElementsAre(Connection{"c1", "han", "b"}, Connection{"c2", "han", ""}));
}

TEST_F(PresenceTest, BytesAreOpaque) {
  const Connection odd{.id = std::string("\0}\r\n", 4),
                       .user = std::string(kMaxUserIdBytes, '\xff'),
                       .info = std::string(kMaxInfoBytes, '\0')};
  Refresh({{.channel = kRoom, .connection = odd}});
  EXPECT_THAT(List(), ElementsAre(odd));
  EXPECT_EQ(Count(), Pair(1, 1));
}

// A gateway that dies refreshes nothing; others' refreshes go on.
TEST_F(PresenceTest, ConnectionsOfADeadGatewayExpire) {
  Refresh({Present("alive", "li"), Present("dead1", "li", kBrief), Present("dead2", "han", kBrief)});
  ASSERT_TRUE(AwaitUnexpired(1));
  EXPECT_EQ(Count(), Pair(1, 1));
  EXPECT_THAT(List(), ElementsAre(Connection{"alive", "li", ""}));
  Refresh({Present("dead2", "han", kLong)});
  EXPECT_EQ(Count(), Pair(2, 2)) << "it may come back";
}

TEST_F(PresenceTest, ARefreshExtends) {
  Refresh({Present("c1", "li", kBrief)});
  Refresh({Present("c1", "li", kLong)});
  Refresh({Present("gone", "li", kBrief)});
  ASSERT_TRUE(AwaitUnexpired(1));
  EXPECT_EQ(Count(), Pair(1, 1));
}

TEST_F(PresenceTest, CountIsExactAlsoWhenMoreExpiredThanOneCallForgets) {
  std::vector<PresentConnection> items = {Present("alive", "li")};
  for (int i = 0; i < 2 * kMaxPurge + 500; ++i)
    items.push_back(Present(absl::StrCat("c", i), absl::StrCat("u", i), kBrief));
  Refresh(items);
  ASSERT_TRUE(AwaitUnexpired(1));
  EXPECT_EQ(Count(), Pair(1, 1));
}

TEST_F(PresenceTest, CountsManyChannelsAtOnce) {
  Refresh({Present("c1", "li"), Present("c2", "li"), Present("c3", "han")});
  for (int i = 0; i < kMaxPurge + 5; ++i) {
    Refresh(
        {{.channel = {"acme", "room:r2"}, .connection = {.id = absl::StrCat("d", i), .user = "wang"}, .ttl = kBrief}});
  }
  const std::vector<Channel> channels = {kRoom, {"acme", "room:r2"}, {"acme", "room:never"}, {"acme", ""}};
  ASSERT_TRUE(Eventually([&] { return presence().CountEach(channels, Soon())[1]->num_connections == 0; }));
  const auto counts = presence().CountEach(channels, Soon());
  ASSERT_EQ(counts.size(), 4u);
  EXPECT_EQ(Pair(counts[0]->num_connections, counts[0]->num_users), Pair(3, 2));
  EXPECT_EQ(Pair(counts[2]->num_connections, counts[2]->num_users), Pair(0, 0));
  EXPECT_EQ(ReasonOf(counts[3].status()), "FIELD_INVALID");
  EXPECT_THAT(presence().CountEach({}, Soon()), IsEmpty());
}

TEST_F(PresenceTest, NamesEveryUserOnce) {
  std::vector<PresentConnection> items;
  for (int i = 0; i < 3000; ++i) items.push_back(Present(absl::StrCat("c", i), absl::StrCat("u", i % 1500)));
  for (int i = 0; i < 2 * kMaxPurge; ++i)
    items.push_back(Present(absl::StrCat("d", i), absl::StrCat("gone", i), kBrief));
  Refresh(items);
  ASSERT_TRUE(AwaitUnexpired(3000));
  const auto users = presence().Users(kRoom, Soon());
  ASSERT_TRUE(users.ok()) << users.status();
  EXPECT_EQ(users->size(), 1500u);
  EXPECT_EQ(std::set<std::string>(users->begin(), users->end()).size(), 1500u);
  EXPECT_THAT(*presence().Users({"acme", "room:never"}, Soon()), IsEmpty());
}

TEST_F(PresenceTest, AnAbandonedRoomLeavesNothingBehind) {
  Refresh({Present("c1", "li", kBrief)});
  EXPECT_TRUE(Eventually([&] { return KeysLeft() == 0; }));
}

TEST_F(PresenceTest, ListIsBoundedAndCountsAll) {
  std::vector<PresentConnection> items;
  for (int i = 0; i < 1500; ++i) items.push_back(Present(absl::StrCat("c", i), absl::StrCat("u", i % 700)));
  Refresh(items);
  const auto list = presence().List(kRoom, 10, Soon());
  EXPECT_EQ(list->connections.size(), 10u);
  EXPECT_EQ(list->count.num_connections, 1500);
  EXPECT_EQ(list->count.num_users, 700);
  EXPECT_EQ(List(kMaxPresenceListed).size(), kMaxPresenceListed);
  EXPECT_THAT(List(0), IsEmpty());
  EXPECT_EQ(ReasonOf(presence().List(kRoom, kMaxPresenceListed + 1, Soon()).status()), "FIELD_INVALID");
}

TEST_F(PresenceTest, AFullChannelRefusesNewConnectionsAndKeepsTheOldOnes) {
  const auto full = fanout_.client->Call(
      RefreshScript().Call({KeyOf(Key::kConnections, kRoom), KeyOf(Key::kExpiry, kRoom), KeyOf(Key::kUsers, kRoom)},
                           {"60000", "2", "c1", "li", "", "c2", "li", "", "c3", "li", "", "c1", "li", "new"}),
      Soon());
  ASSERT_TRUE(full.ok()) << full.status();
  std::vector<int64_t> joined;
  const auto answers = full->Array();
  ASSERT_TRUE(answers.ok()) << answers.status();
  for (const redis::Reply& reply : *answers) joined.push_back(reply.Integer().value());
  EXPECT_THAT(joined, ElementsAre(1, 1, 0, 1));
  EXPECT_EQ(Count(), Pair(2, 1));
}

TEST_F(PresenceTest, WrongItemsFailAlone) {
  std::vector<PresentConnection> items(7, Present("c", "u"));
  items[1].channel.name = "";
  items[2].connection.id = "";
  items[3].connection.user = std::string(kMaxUserIdBytes + 1, 'u');
  items[4].connection.info = std::string(kMaxInfoBytes + 1, 'i');
  items[5].ttl = absl::ZeroDuration();
  items[6].ttl = absl::InfiniteDuration();
  const auto results = presence().Refresh(items, Soon());
  EXPECT_EQ(results[0], absl::OkStatus());
  for (size_t i = 1; i < items.size(); ++i) EXPECT_EQ(ReasonOf(results[i]), "FIELD_INVALID") << i;
  EXPECT_EQ(ReasonOf(presence().Remove({{{.channel = kRoom, .id = ""}}}, Soon())[0]), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(presence().Refresh(std::vector(kMaxPresenceBatch + 1, Present("c", "u")), Soon())[0]),
            "FIELD_INVALID");
  EXPECT_EQ(Count(), Pair(1, 1));
}

// Many gateways at once on one room, then the same calls on a model, whose counts must agree.
TEST_F(PresenceTest, CountsStayExactUnderConcurrentGateways) {
  std::vector<std::thread> gateways;
  std::vector<std::map<std::string, std::string>> models(4);
  for (size_t g = 0; g < models.size(); ++g) {
    gateways.emplace_back([&, g] {
      std::mt19937 random(static_cast<uint32_t>(g));
      for (int i = 0; i < 300; ++i) {
        const std::string id = absl::StrCat("g", g, "-", random() % 20), user = absl::StrCat("u", random() % 10);
        if (random() % 3 == 0) {
          EXPECT_EQ(presence().Remove({{{.channel = kRoom, .id = id}}}, Soon())[0], absl::OkStatus());
          models[g].erase(id);
        } else {
          EXPECT_EQ(presence().Refresh({{Present(id, user)}}, Soon())[0], absl::OkStatus());
          models[g][id] = user;
        }
      }
    });
  }
  for (std::thread& gateway : gateways) gateway.join();
  std::set<std::string> users;
  int64_t connections = 0;
  for (const auto& model : models) {
    for (const auto& [id, user] : model) users.insert(user);
    connections += static_cast<int64_t>(model.size());
  }
  EXPECT_EQ(Count(), Pair(connections, static_cast<int64_t>(users.size())));
}

}  // namespace
}  // namespace trivium::fanout
