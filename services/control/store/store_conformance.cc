#include "services/control/store/store_conformance.h"

#include <thread>

#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::control {
namespace {

using domain::ConfigItem;
using domain::InstanceState;

AuditRecord AuditOf(const std::string& object) {
  return {.time = absl::FromUnixSeconds(10),
          .actor = "person:alice",
          .caller = "service:ops",
          .action = "PublishConfig",
          .object = object,
          .product = "acme",
          .reason = "because 因为",
          .before_json = "",
          .after_json = "{\"a\":1}",
          .trace_id = std::string(32, 'a'),
          .traceparent = "00-" + std::string(32, 'a') + "-" + std::string(16, 'b') + "-01"};
}

InstanceRow Row(const std::string& id, const std::string& owner, bool alive = true) {
  InstanceState state{.instance = {id, "payment", "cell-a", "127.0.0.1:21010", "1.0", true, absl::FromUnixSeconds(5)},
                      .alive = alive,
                      .was_ready = true,
                      .last_heartbeat = absl::FromUnixSeconds(6)};
  if (!alive) state.lost_time = absl::FromUnixSeconds(7);
  return {state, owner};
}

}  // namespace

RequestKey StoreConformanceTest::Key(const std::string& id, const std::string& request) {
  return {.caller = "operator:dev",
          .request_id = id,
          .method = "M",
          .request = request,
          .same = [request](std::string_view, std::string_view earlier) {
            return earlier == request ? absl::OkStatus() : absl::InvalidArgumentError("reused");
          }};
}

absl::StatusOr<Outcome> StoreConformanceTest::Publish(const std::string& id, const std::string& kind,
                                                      const std::string& name, const std::string& value) {
  return store_->Change(Key(id), Soon(), [&](Store::Transaction& t) -> absl::StatusOr<Outcome> {
    TRIVIUM_ASSIGN_OR_RETURN(auto newest, t.NewestConfig(kind, name));
    ConfigItem next = domain::NextVersion(
        {.kind = kind, .name = name, .type_url = "type/T", .value = value, .actor = "a", .reason = "r"},
        newest ? &*newest : nullptr, absl::FromUnixSeconds(9));
    TRIVIUM_RETURN_IF_ERROR(t.InsertConfig(&next));
    AuditRecord audit = AuditOf("config/" + kind + "/" + name);
    TRIVIUM_RETURN_IF_ERROR(t.AddAudit(&audit));
    return Outcome{.response = value};
  });
}

absl::StatusOr<Outcome> StoreConformanceTest::SetRoute(const std::string& id, const std::string& product,
                                                       std::vector<domain::RouteCell> cells) {
  return store_->Change(Key(id), Soon(), [&](Store::Transaction& t) -> absl::StatusOr<Outcome> {
    TRIVIUM_ASSIGN_OR_RETURN(domain::Plan plan, t.GetPlan());
    domain::SetRoute(&plan, product, "payment", cells, absl::FromUnixSeconds(11));
    TRIVIUM_RETURN_IF_ERROR(t.SaveRoute(plan, product, "payment"));
    return Outcome{};
  });
}

TEST_P(StoreConformanceTest, ConfigVersionsAndRevisionsGrow) {
  ASSERT_TRUE(Publish("request-1", "k", "a", std::string("v\0\xff", 3)).ok());
  ASSERT_TRUE(Publish("request-2", "k", "b", "1").ok());
  ASSERT_TRUE(Publish("request-3", "k", "a", "2").ok());
  const auto newest = store_->GetConfig("k", "a", 0, Soon()).value();
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(newest->version, 2);
  EXPECT_EQ(newest->revision, 3);
  EXPECT_EQ(newest->value, "2");
  const auto first = store_->GetConfig("k", "a", 1, Soon()).value();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->value, std::string("v\0\xff", 3));
  EXPECT_EQ(first->create_time, absl::FromUnixSeconds(9));
  EXPECT_EQ(first->reason, "r");
  EXPECT_FALSE(store_->GetConfig("k", "a", 3, Soon()).value().has_value());
  EXPECT_FALSE(store_->GetConfig("k", "A", 0, Soon()).value().has_value()) << "names are case-sensitive";
  EXPECT_EQ(store_->GetProgress(Soon())->config_revision, 3);
}

TEST_P(StoreConformanceTest, ListsPageByPage) {
  ASSERT_TRUE(Publish("request-1", "k", "b", "1").ok());
  ASSERT_TRUE(Publish("request-2", "k", "a", "1").ok());
  ASSERT_TRUE(Publish("request-3", "j", "z", "1").ok());
  ASSERT_TRUE(Publish("request-4", "k", "b", "2").ok());
  const auto names = [](const std::vector<ConfigItem>& items) {
    std::string out;
    for (const ConfigItem& item : items) out += item.kind + item.name + std::to_string(item.version) + " ";
    return out;
  };
  EXPECT_EQ(names(store_->ListConfigs("", "", "", 10, Soon()).value()), "jz1 ka1 kb2 ");
  EXPECT_EQ(names(store_->ListConfigs("", "j", "z", 1, Soon()).value()), "ka1 ");
  EXPECT_EQ(names(store_->ListConfigs("k", "k", "a", 10, Soon()).value()), "kb2 ");
  EXPECT_EQ(names(store_->ListConfigVersions("k", "b", 0, 10, Soon()).value()), "kb2 kb1 ");
  EXPECT_EQ(names(store_->ListConfigVersions("k", "b", 2, 10, Soon()).value()), "kb1 ");
  EXPECT_EQ(names(store_->ConfigsSince(1, Soon()).value()), "ka1 jz1 kb2 ");
  EXPECT_EQ(names(store_->ConfigsSince(4, Soon()).value()), "");
}

TEST_P(StoreConformanceTest, ATrialSeesTheDataAndLeavesNothing) {
  ASSERT_TRUE(Publish("request-1", "k", "a", "1").ok());
  std::string seen;
  const auto body = [&](Store::Transaction& t) -> absl::StatusOr<Outcome> {
    TRIVIUM_ASSIGN_OR_RETURN(auto newest, t.NewestConfig("k", "a"));
    seen += newest->value;
    ConfigItem next = domain::NextVersion({.kind = "k", .name = "a", .type_url = "type/T", .value = "2"}, &*newest,
                                          absl::FromUnixSeconds(9));
    TRIVIUM_RETURN_IF_ERROR(t.InsertConfig(&next));
    AuditRecord audit = AuditOf("config/k/a");
    TRIVIUM_RETURN_IF_ERROR(t.AddAudit(&audit));
    return Outcome{.response = std::to_string(next.version)};
  };
  EXPECT_EQ(store_->Try(Soon(), body)->response, "2");
  EXPECT_EQ(store_->Try(Soon(), body)->response, "2");
  EXPECT_EQ(seen, "11");
  EXPECT_EQ(store_->GetConfig("k", "a", 0, Soon()).value()->version, 1);
  EXPECT_EQ(store_->GetProgress(Soon())->config_revision, 1);
  EXPECT_EQ(store_->ListAudit("", 0, 10, Soon())->size(), 1u);
  const auto fails = [](Store::Transaction&) -> absl::StatusOr<Outcome> { return absl::InternalError("no"); };
  EXPECT_EQ(store_->Try(Soon(), fails).status().code(), absl::StatusCode::kInternal);
}

TEST_P(StoreConformanceTest, AChangeSeesTheNewestOfAKind) {
  ASSERT_TRUE(Publish("request-1", "k", "b", "1").ok());
  ASSERT_TRUE(Publish("request-2", "k", "a", "1").ok());
  ASSERT_TRUE(Publish("request-3", "j", "z", "1").ok());
  ASSERT_TRUE(Publish("request-4", "k", "b", "2").ok());
  std::string seen;
  const auto look = [&](Store::Transaction& t) -> absl::StatusOr<Outcome> {
    TRIVIUM_ASSIGN_OR_RETURN(const auto items, t.NewestOfKind("k"));
    for (const ConfigItem& item : items) seen += item.name + item.value + " ";
    TRIVIUM_ASSIGN_OR_RETURN(const auto none, t.NewestOfKind("nonsense"));
    EXPECT_TRUE(none.empty());
    return Outcome{};
  };
  ASSERT_TRUE(store_->Change(Key("request-5"), Soon(), look).ok());
  EXPECT_EQ(seen, "a1 b2 ");
}

TEST_P(StoreConformanceTest, ARepeatGetsTheKeptOutcomeAndChangesNothing) {
  ASSERT_EQ(Publish("request-1", "k", "a", "first")->response, "first");
  EXPECT_EQ(Publish("request-1", "k", "a", "second")->response, "first");
  EXPECT_EQ(store_->GetConfig("k", "a", 0, Soon()).value()->version, 1);
  EXPECT_EQ(store_->Change(Key("request-1", "other"), Soon(), nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
  RequestKey another = Key("request-1");
  another.caller = "service:ops";
  EXPECT_EQ(store_->Change(another, Soon(), [](auto&) { return Outcome{.response = "own"}; })->response, "own");
}

TEST_P(StoreConformanceTest, KeepsADeclineWithItsDetails) {
  int runs = 0;
  const auto decline = [&](Store::Transaction& t) -> absl::StatusOr<Outcome> {
    ++runs;
    TRIVIUM_RETURN_IF_ERROR(t.NewestConfig("k", "a").status());
    return Outcome{
        .decline =
            Error(absl::StatusCode::kAborted, "VERSION_CONFLICT", "expected_version: 1, want 2").With("version", 2)};
  };
  for (int i = 0; i < 2; ++i) {
    const auto outcome = store_->Change(Key("request-1"), Soon(), decline);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->decline.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(ReasonOf(outcome->decline), "VERSION_CONFLICT");
    EXPECT_EQ(MetadataOf(outcome->decline, "version"), "2");
  }
  EXPECT_EQ(runs, 1);
}

TEST_P(StoreConformanceTest, AFailedChangeLeavesNothing) {
  const auto failed = store_->Change(Key("request-1"), Soon(), [&](Store::Transaction& t) -> absl::StatusOr<Outcome> {
    ConfigItem item{.kind = "k", .name = "a", .version = 1};
    TRIVIUM_RETURN_IF_ERROR(t.InsertConfig(&item));
    AuditRecord audit = AuditOf("o");
    TRIVIUM_RETURN_IF_ERROR(t.AddAudit(&audit));
    return absl::InternalError("no");
  });
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kInternal);
  EXPECT_FALSE(store_->GetConfig("k", "a", 0, Soon()).value().has_value());
  EXPECT_TRUE(store_->ListAudit("", 0, 10, Soon())->empty());
  EXPECT_EQ(store_->GetProgress(Soon())->config_revision, 0);
  EXPECT_TRUE(Publish("request-1", "k", "a", "again").ok());
}

TEST_P(StoreConformanceTest, KeepsThePlan) {
  EXPECT_EQ(store_->GetPlan(Soon())->epoch, 0);
  ASSERT_TRUE(SetRoute("request-1", "acme", {{"cell-a"}, {"cell-b", true}}).ok());
  ASSERT_TRUE(SetRoute("request-2", "*", {{"cell-b"}}).ok());
  ASSERT_TRUE(SetRoute("request-3", "acme", {{"cell-b", false, {"0.2.0", 5}}}).ok());
  domain::Plan plan = store_->GetPlan(Soon()).value();
  ASSERT_EQ(plan.routes.size(), 2u);
  EXPECT_EQ(plan.epoch, 3);
  EXPECT_EQ(plan.update_time, absl::FromUnixSeconds(11));
  EXPECT_EQ(plan.routes[0], (domain::Route{"*", "payment", {{"cell-b"}}, 2}));
  EXPECT_EQ(plan.routes[1], (domain::Route{"acme", "payment", {{"cell-b", false, {"0.2.0", 5}}}, 3}));
  ASSERT_TRUE(store_
                  ->Change(Key("request-4"), Soon(),
                           [&](Store::Transaction& t) -> absl::StatusOr<Outcome> {
                             TRIVIUM_ASSIGN_OR_RETURN(domain::Plan now, t.GetPlan());
                             domain::DeleteRoute(&now, "acme", "payment", absl::FromUnixSeconds(12));
                             TRIVIUM_RETURN_IF_ERROR(t.SaveRoute(now, "acme", "payment"));
                             return Outcome{};
                           })
                  .ok());
  plan = store_->GetPlan(Soon()).value();
  EXPECT_EQ(plan.epoch, 4);
  EXPECT_EQ(plan.routes.size(), 1u);
  EXPECT_EQ(store_->GetProgress(Soon())->plan_epoch, 4);
}

TEST_P(StoreConformanceTest, AuditIsNewestFirstByObject) {
  ASSERT_TRUE(Publish("request-1", "k", "a", "1").ok());
  ASSERT_TRUE(Publish("request-2", "k", "b", "1").ok());
  ASSERT_TRUE(Publish("request-3", "k", "a", "2").ok());
  const auto all = store_->ListAudit("", 0, 10, Soon()).value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_GT(all[0].audit_id, all[1].audit_id);
  EXPECT_EQ(all[0].reason, "because 因为");
  EXPECT_EQ(all[0].after_json, "{\"a\":1}");
  EXPECT_EQ(all[0].time, absl::FromUnixSeconds(10));
  EXPECT_EQ(store_->ListAudit("config/k/a", 0, 10, Soon())->size(), 2u);
  EXPECT_EQ(store_->ListAudit("config/k/a", all[0].audit_id, 10, Soon())->size(), 1u);
  EXPECT_EQ(store_->ListAudit("", 0, 1, Soon())->size(), 1u);
}

TEST_P(StoreConformanceTest, AnInstanceBelongsToTheReplicaThatTookItLast) {
  ASSERT_TRUE(store_->SaveInstance(Row("p1", "control-1"), false, Soon()).ok());
  EXPECT_TRUE(store_->LoadInstances(Soon())->empty()) << "an update does not insert";
  ASSERT_TRUE(store_->SaveInstance(Row("p1", "control-1"), true, Soon()).ok());
  ASSERT_TRUE(store_->SaveInstance(Row("p1", "control-2"), true, Soon()).ok());
  ASSERT_TRUE(store_->SaveInstance(Row("p1", "control-1", false), false, Soon()).ok());
  auto rows = store_->LoadInstances(Soon()).value();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].owner, "control-2");
  EXPECT_TRUE(rows[0].state.alive);
  EXPECT_EQ(rows[0].state.instance, Row("p1", "").state.instance);
  EXPECT_EQ(rows[0].state.last_heartbeat, absl::FromUnixSeconds(6));
  ASSERT_TRUE(store_->SaveInstance(Row("p1", "control-2", false), false, Soon()).ok());
  rows = store_->LoadInstances(Soon()).value();
  EXPECT_FALSE(rows[0].state.alive);
  EXPECT_TRUE(rows[0].state.was_ready);
  EXPECT_EQ(rows[0].state.lost_time, absl::FromUnixSeconds(7));
}

TEST_P(StoreConformanceTest, PurgesWhatIsOld) {
  ASSERT_TRUE(Publish("request-1", "k", "a", "1").ok());
  ASSERT_TRUE(store_->SaveInstance(Row("p1", "c", false), true, Soon()).ok());
  ASSERT_TRUE(store_->SaveInstance(Row("p2", "c"), true, Soon()).ok());
  EXPECT_EQ(store_->Purge(clock_.Now() - absl::Hours(1), absl::FromUnixSeconds(1), Soon()).value(), 0);
  EXPECT_EQ(store_->Purge(clock_.Now() + absl::Hours(1), clock_.Now(), Soon()).value(), 2);
  EXPECT_EQ(store_->LoadInstances(Soon())->size(), 1u);
}

TEST_P(StoreConformanceTest, ConcurrentChangesLoseNothing) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        // Every request is sent twice, by two threads.
        EXPECT_TRUE(Publish("request-" + std::to_string(t / 2) + "-" + std::to_string(i), "k", "a", "v").ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->GetConfig("k", "a", 0, Soon()).value()->version, 20);
  EXPECT_EQ(store_->ListAudit("", 0, 100, Soon())->size(), 20u);
}

}  // namespace trivium::control
