#include "tools/publish/plan.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "libs/config/config.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/live/v1/live.pb.h"
#include "trivium/payment/v1/payment.pb.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::publish {
namespace {

using gateway::v1::CommandTable;

CommandTable PlatformTable() {
  CommandTable table;
  const absl::Status read = config::ReadYamlFile("deploy/commands.yaml", &table);
  EXPECT_TRUE(read.ok()) << read;
  return table;
}

// As control has it after a publish of everything.
std::vector<control::v1::ConfigItem> Published(const std::vector<Change>& changes) {
  std::vector<control::v1::ConfigItem> items;
  for (const Change& change : changes) {
    items.emplace_back().set_kind(change.kind);
    items.back().set_name(change.name);
    items.back().set_percentage(100);
    *items.back().mutable_value() = change.value;
  }
  return items;
}

TEST(PlanTest, PublishesWhatIsMissingDescriptorsFirst) {
  const CommandTable table = PlatformTable();
  const auto changes = PlanChanges(LinkedDescriptors("1"), table, {});
  ASSERT_EQ(changes.size(), table.commands().size() + 1);
  EXPECT_EQ(changes[0].kind, "api_descriptors");
  EXPECT_EQ(changes[0].name, "platform");
  EXPECT_TRUE(PlanChanges(LinkedDescriptors("1"), table, Published(changes)).empty()) << "the second time nothing";
}

TEST(PlanTest, PublishesWhatDiffersAndLeavesOthersAlone) {
  CommandTable table = PlatformTable();
  auto items = Published(PlanChanges(LinkedDescriptors("1"), table, {}));
  items.emplace_back().set_kind("command");
  items.back().set_name("course.roll_call@acme");
  (*table.mutable_commands())["push.publish"].set_title_en("Another");
  auto changes = PlanChanges(LinkedDescriptors("1"), table, items);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].name, "push.publish");
  changes = PlanChanges(LinkedDescriptors("2"), PlatformTable(), items);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, "api_descriptors");
}

TEST(PlanTest, AHalfReleasedItemIsReleasedToAll) {
  const CommandTable table = PlatformTable();
  auto items = Published(PlanChanges(LinkedDescriptors("1"), table, {}));
  items[3].set_percentage(10);
  EXPECT_EQ(PlanChanges(LinkedDescriptors("1"), table, items).size(), 1u);
}

TEST(PlanTest, OfItemsOnlyThoseThatDiffer) {
  const auto profile = [](const std::string& product, const std::string& title) {
    common::v1::ProductProfile value;
    value.set_display_name_en(title);
    Change change{"product_profile", product, {}};
    change.value.PackFrom(value);
    return change;
  };
  const std::vector<Change> had = {profile("acme", "Acme"), profile("globex", "Globex"), profile("own", "Own")};
  auto published = Published(had);
  EXPECT_TRUE(PlanItems({had[0], had[1]}, published).empty());
  published[1].set_percentage(10);
  const auto changes = PlanItems({profile("acme", "Other"), had[1], profile("new", "New")}, published);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].name, "acme");
  EXPECT_EQ(changes[1].name, "globex") << "half released";
  EXPECT_EQ(changes[2].name, "new");
}

control::v1::RoutePlan Routes(const std::string& yaml) {
  control::v1::RoutePlan plan;
  const absl::Status read = config::ParseYaml(yaml, "test", &plan);
  EXPECT_TRUE(read.ok()) << read;
  return plan;
}

TEST(NextRouteTest, SetsWhatIsMissingAndFollowsTheCanaryOfItsCellAlone) {
  const auto wanted = Routes(
      "routes: [{product: '*', service: payment, cells: [{cell: a, canary: {version: '2', percent: 5}}, {cell: b}]},"
      "{product: acme, service: payment, cells: [{cell: b}, {cell: a}]}]");
  auto plan = Routes("epoch: 7");
  auto next = NextRoute(wanted, "a", plan);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->product(), "*");
  EXPECT_EQ(next->expected_epoch(), 7);
  EXPECT_EQ(next->cells(0).canary().percent(), 5);

  // People moved the traffic, and cell b has a canary of its own: both stay.
  plan = Routes(
      "routes: [{product: '*', service: payment, cells: [{cell: b, canary: {version: '3', percent: 9}}, {cell: a, "
      "drained: true}]}, {product: acme, service: payment, cells: [{cell: a}]}]");
  next = NextRoute(wanted, "a", plan);
  ASSERT_TRUE(next);
  ASSERT_EQ(next->cells_size(), 2);
  EXPECT_EQ(next->cells(0).canary().version(), "3");
  EXPECT_TRUE(next->cells(1).drained());
  EXPECT_EQ(next->cells(1).canary().version(), "2");
  EXPECT_FALSE(NextRoute(wanted, "", plan)) << "no cell: no canary is touched";
  *plan.mutable_routes(0)->mutable_cells() = next->cells();
  EXPECT_FALSE(NextRoute(wanted, "a", plan)) << "the second time nothing";
}

TEST(NextRouteTest, TakesAnEndedCanaryAway) {
  const auto plan =
      Routes("routes: [{product: '*', service: push, cells: [{cell: a, canary: {version: '2', percent: 5}}]}]");
  const auto next = NextRoute(Routes("routes: [{product: '*', service: push, cells: [{cell: a}]}]"), "a", plan);
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->cells(0).has_canary());
  EXPECT_EQ(next->cells(0).canary().percent(), 0);
}

// A user's token must never reach what moves money, sends messages, or shows what may be another user's.
TEST(PlatformTableTest, UsersReachNothingButWhatIsNamedHere) {
  std::vector<std::string> users;
  const CommandTable table = PlatformTable();
  for (const auto& [name, command] :
       std::map<std::string, gateway::v1::Command>(table.commands().begin(), table.commands().end())) {
    if (command.auth_scope() != gateway::v1::AUTH_SCOPE_BACKEND) users.push_back(name);
  }
  EXPECT_EQ(users, (std::vector<std::string>{"live.heartbeat", "live.join", "live.leave", "live.participant.move",
                                             "live.participant.mute", "live.participant.remove",
                                             "live.participants.list", "push.ack"}));
}

TEST(PlatformTableTest, BackendsReachEveryPublicUnaryMethod) {
  std::set<std::string> called;
  const CommandTable table = PlatformTable();
  for (const auto& [name, command] : table.commands()) {
    if (command.auth_scope() == gateway::v1::AUTH_SCOPE_BACKEND)
      called.insert(command.service() + "." + command.method());
  }
  for (const auto* file : {live::v1::Room::descriptor()->file(), payment::v1::Payment::descriptor()->file(),
                           push::v1::Message::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto* method = file->service(s)->method(m);
        EXPECT_NE(called.count(method->full_name()) == 1, method->server_streaming()) << method->full_name();
      }
    }
  }
}

}  // namespace
}  // namespace trivium::publish
