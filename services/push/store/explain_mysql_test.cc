// Every statement that reads or locks uses the index that stands beside it, on tables with rows in them.
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/telemetry/metrics.h"
#include "services/push/store/mysql_under_test.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"
#include "services/push/store/store_calls.h"

namespace trivium::push {
namespace {

using mysql::Blob;
using mysql::Value;
using mysql::Values;

struct Case {
  std::string statement;
  Values values;
  std::string index;
  bool may_sort = false;
};

class ExplainTest : public ::testing::Test, protected StoreCalls {
 protected:
  ExplainTest() : ExplainTest(NewMysqlUnderTest(TestDatabaseOptions())) {}

  void SetUp() override {
    std::vector<std::string> users;
    for (int i = 0; i < 150; ++i) {
      users.push_back(absl::StrCat("u", i));
      ASSERT_TRUE(Tag(users.back(), {{"grade", absl::StrCat(i % 9)}, {"a", ""}}).ok());
    }
    ASSERT_TRUE(Tag("u0", {{"a", ""}}, {}, "tags-1").ok());
    MustJoin(users);
    for (int i = 0; i < 30; ++i) {
      NewMessage item = Draft(absl::StrCat("request-", i), {i % 2 ? TargetKind::kRoom : TargetKind::kUser, "math"});
      if (i % 3 == 0) item.draft.collapse_key = "c";
      if (i % 3 == 0) item.draft.dedupe_key = absl::StrCat("d", i);
      message_ = MustAccept(item);
    }
    for (int i = 0; i < 40; ++i) {
      NewMessage item = Draft(absl::StrCat("full-", i), {TargetKind::kUser, absl::StrCat("u", i)});
      item.max_pending_of_user = 1;
      MustAccept(item);
    }
    const absl::Status analyzed = pool_->Use("analyze", Deadline(), [](mysql::Connection& db) {
      return db
          .Query(
              "ANALYZE TABLE message, delivery, user, user_tag, room_member, request, dedupe, message_day, channel, "
              "full_user")
          .status();
    });
    ASSERT_TRUE(analyzed.ok()) << analyzed;
  }

  void Check(const Case& c) {
    const absl::Status status = pool_->Use("explain", Deadline(), [&](mysql::Connection& db) -> absl::Status {
      const auto plan = db.Query(absl::StrCat("EXPLAIN ", c.statement), c.values);
      if (!plan.ok()) return plan.status();
      // id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra.
      // The first table, not the result of an inner question.
      const auto first = std::ranges::find_if(*plan, [](const mysql::Row& r) { return r.Text(2)[0] != '<'; });
      if (first == plan->end()) return absl::InternalError("no table");
      const mysql::Row& row = *first;
      EXPECT_EQ(row.Text(5), c.index) << c.statement << "\n" << row.Text(3) << " " << row.Text(9);
      for (const mysql::Row& table : *plan) {
        EXPECT_TRUE(table.Text(3) != "ALL" || table.Text(2)[0] == '<') << c.statement << "\n" << table.Text(2);
      }
      EXPECT_TRUE(c.may_sort || row.Text(9).find("filesort") == std::string::npos) << c.statement;
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status << "\n" << c.statement;
  }

 private:
  explicit ExplainTest(std::unique_ptr<StoreUnderTest> under_test)
      : StoreCalls(*under_test), under_test_owned_(std::move(under_test)) {}

  const std::unique_ptr<StoreUnderTest> under_test_owned_;
  Metrics metrics_;
  const std::unique_ptr<mysql::Pool> pool_ = mysql::NewPool(TestDatabaseOptions(), Clock::Real(), metrics_);

 protected:
  Message message_;
};

Case WithInList(std::string_view head, Values values, const std::vector<Value>& in, std::string index,
                std::string_view end = ")") {
  const std::string statement = sql::WithIn(head, in, &values, end);
  return {statement, values, std::move(index)};
}

// A statement that binds a number at its end.
Case WithNumber(Case c) {
  c.values.emplace_back(int64_t{20});
  return c;
}

Case WithKeyList(std::string_view head, Values values, const std::vector<DeliveryKey>& keys,
                 std::string_view end = ")") {
  const std::string statement = sql::WithKeys(head, keys, &values, end);
  return {statement, values, "PRIMARY"};
}

Case OfProducts(std::string_view head, Values values, const Products& of, std::string index, std::string_view end) {
  const std::string statement = sql::OfProducts(head, of, &values, end);
  values.emplace_back(int64_t{20});
  return {statement, values, std::move(index)};
}

TEST_F(ExplainTest, EachStatementUsesItsIndex) {
  const Products some = std::vector<std::string>{product_, "globex"};
  const Value product = product_, id = ToValue(message_.id), one = int64_t{1}, two = int64_t{2}, three = int64_t{3},
              limit = int64_t{20}, now = kNow, room = std::string("room:math"), user = std::string("u7"),
              key = std::string("k"), blob = Blob{"c"};
  const std::vector<DeliveryKey> keys = {{message_.id, "u1"}, {message_.id, "u2"}, {ids_->Next(), "u1"}};
  const std::vector<Case> cases = {
      {sql::kUpdateMessage, UpdateOf(message_), "PRIMARY"},
      {sql::kGetMessage, {product, id}, "PRIMARY"},
      {sql::kGetData, {product, id}, "PRIMARY"},
      WithInList(sql::kGetMessages, {product}, {id, Blob{std::string(16, 'x')}}, "PRIMARY"),
      WithInList(sql::kLockMessages, {product}, {id, Blob{std::string(16, 'x')}}, "PRIMARY", sql::kLockMessagesEnd),
      WithInList(sql::kLockCounts, {product}, {id, Blob{std::string(16, 'x')}}, "PRIMARY", sql::kLockMessagesEnd),
      WithInList(sql::kTimeouts, {product}, {id, Blob{std::string(16, 'x')}}, "PRIMARY"),
      {sql::kGetMessageOfRequest, {product, std::string("request-1")}, "request"},
      {sql::kOpenOfCollapseKey, {product, std::string("user:math"), blob, Blob{"math"}}, "collapse", true},
      OfProducts(sql::kListDueScheduled, {one, now}, std::nullopt, "due_schedule", sql::kListDueScheduledEnd),
      OfProducts(sql::kListDueScheduled, {one, now}, some, "due_schedule", sql::kListDueScheduledEnd),
      OfProducts(sql::kListUnsentChannels, {two}, std::nullopt, "unsent", sql::kListUnsentChannelsEnd),
      OfProducts(sql::kListUnsentChannels, {two}, some, "unsent", sql::kListUnsentChannelsEnd),
      {sql::kListUnsent, {two, product, room, limit}, "unsent"},
      {sql::kListChannelTail, {product, room, now, three, int64_t{4}, limit}, "by_sequence"},
      {sql::kListUserTail, {product, user, room, now, three, int64_t{4}, limit}, "by_user"},
      {sql::kListDueExpire, {now, limit}, "due_expire"},
      {sql::kOldestPending, {}, "due_expire", true},
      {sql::kCountPending, {product, std::string(kDay)}, "PRIMARY"},
      {sql::kCountUnsent, {two}, "unsent"},
      {sql::kListMessages, {product, id, one, three, limit}, "PRIMARY"},
      {sql::kListMessagesOfChannel, {product, room, id, one, three, limit}, "by_channel"},
      {sql::kListMessagesInState, {product, two, id, one, three, limit}, "by_state"},
      {sql::kListMessagesOfChannelInState, {product, room, two, id, one, three, limit}, "by_channel"},
      {sql::kReadSequence, {product, room}, "PRIMARY"},
      WithKeyList(sql::kLockDeliveries, {product, one, three}, keys, sql::kLockDeliveriesEnd),
      WithKeyList(sql::kMoveDeliveries, {two, one, now, product}, keys),
      WithKeyList(sql::kRepeatDeliveries, {now, product}, keys),
      WithKeyList(sql::kClaimDeliveries, {now, product}, keys),
      {sql::kMovePending, {two, one, now, product, id, one, limit}, "PRIMARY"},
      {sql::kListRecipients, {product, id, user, one, two, limit}, "PRIMARY"},
      {sql::kListUserMessages, {product, user, id, one, two, limit}, "by_user"},
      WithNumber(WithInList(sql::kPendingOfUsers, {product, one}, {user, key}, "pending", sql::kPendingOfUsersEnd)),
      WithInList(sql::kMarkedFull, {product, one}, {user, key}, "PRIMARY"),
      {sql::kSomeMarkedFull, {product}, "PRIMARY"},
      {sql::kMarkedOfMessage, {product, id}, "PRIMARY"},
      WithInList(sql::kUnmarkFull, {product}, {user, key}, "PRIMARY"),
      {sql::kListMarkedFull, {now, limit}, "by_time"},
      WithInList(sql::kTouchMarkedFull, {now, product}, {user, key}, "PRIMARY"),
      WithKeyList(sql::kPendingAmong, {product, one}, keys),
      {sql::kCountOpenMessages, {product, limit}, "due_expire"},
      {sql::kListPending, {product, user, one, room, limit}, "pending"},
      OfProducts(sql::kLockRepeatDue, {now}, std::nullopt, "due_repeat", sql::kLockRepeatDueEnd),
      OfProducts(sql::kLockRepeatDue, {now}, some, "due_repeat", sql::kLockRepeatDueEnd),
      OfProducts(sql::kLockVendorDue, {now}, std::nullopt, "due_vendor", sql::kLockVendorDueEnd),
      {sql::kSummarizeDay, {product, std::string(kDay)}, "PRIMARY"},
      {sql::kGetDedupe, {product, Blob{"d0"}, now}, "PRIMARY"},
      {sql::kRenewDedupe, {id, now, product, Blob{"d0"}, now}, "PRIMARY"},
      {sql::kDropDedupe, {product, Blob{"d0"}, id}, "PRIMARY"},
      {sql::kGetRequest, {product, ToValue(Method::kUpdateUserTags), std::string("tags-1")}, "PRIMARY"},
      {sql::kGetUser, {product, user}, "PRIMARY"},
      {sql::kLockUser, {product, user}, "PRIMARY"},
      {sql::kGetTags, {product, user}, "PRIMARY"},
      WithInList(sql::kRemoveTags, {product, user}, {key, user}, "PRIMARY"),
      {sql::kAllUsers, {product, user, limit}, "PRIMARY"},
      {sql::kUsersOfKey, {product, std::string("grade"), user, limit}, "by_key"},
      {sql::kUsersOfValue, {product, std::string("grade"), Blob{"7"}, user, limit}, "by_value"},
      WithInList(sql::kRemoveMembers, {product, std::string("math")}, {user, key}, "PRIMARY"),
      {sql::kListMembers, {product, std::string("math"), user, limit}, "PRIMARY"},
      WithInList(sql::kRoomsOfMember, {product, user}, {std::string("math"), key}, "PRIMARY"),
      {sql::kListKept, {now, limit}, "kept"},
      {sql::kPurgeDeliveries, {product, id, limit}, "PRIMARY"},
      {sql::kListEnded, {now, limit}, "kept"},
      WithInList(sql::kPurgeMessages, {product}, {id, Blob{std::string(16, 'x')}}, "PRIMARY"),
      {sql::kPurgeRequests, {now, limit}, "by_time"},
      {sql::kPurgeDedupe, {now, limit}, "by_time"},
      {sql::kPurgeReports, {now, limit}, "by_time"},
      {sql::kKeepDeliveries, {product, id}, "PRIMARY"},
      {sql::kForgetDeliveries, {product, id}, "PRIMARY"},
  };
  for (const Case& c : cases) Check(c);
}

}  // namespace
}  // namespace trivium::push
