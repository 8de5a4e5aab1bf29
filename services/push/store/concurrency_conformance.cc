// What holds when everything happens at the same time. The fixture checks the ledger afterwards.
#include <algorithm>
#include <atomic>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/store_suite.h"

namespace trivium::push {
namespace {

TEST_F(ConcurrencyTest, OneOfManyEqualRequestsIsAccepted) {
  MustJoin({"u1", "u2"});
  std::vector<NewMessage> drafts;
  for (int i = 0; i < 16; ++i) drafts.push_back(Draft("request-1"));
  std::atomic<int> ok = 0;
  InThreads(16, [&](int i) {
    const absl::StatusOr<Message> m = Accept(drafts[static_cast<size_t>(i)]);
    ok += m.ok() || ReasonOf(m.status()) == "REQUEST_IN_PROGRESS" ? 1 : 0;
  });
  EXPECT_EQ(ok, 16);
  EXPECT_EQ(store_.ListMessages(product_, {}, Deadline())->size(), 1u);
  EXPECT_EQ(Events().size(), 1u);
}

TEST_F(ConcurrencyTest, OneOfManyWithADedupeKeyIsAccepted) {
  std::vector<NewMessage> drafts;
  for (int i = 0; i < 16; ++i) {
    drafts.push_back(Draft(absl::StrCat("request-", i), {TargetKind::kUser, "u1"}));
    drafts.back().draft.dedupe_key = "lesson";
  }
  InThreads(16, [&](int i) { Accept(drafts[static_cast<size_t>(i)]).IgnoreError(); });
  EXPECT_EQ(store_.ListMessages(product_, {}, Deadline())->size(), 1u);
}

TEST_F(ConcurrencyTest, SequencesAreDenseWhoeverPublishes) {
  MustJoin({"u1"});
  std::vector<NewMessage> drafts;
  for (int i = 0; i < 48; ++i) {
    drafts.push_back(Draft(absl::StrCat("request-", i)));
    if (i % 2 == 0) drafts.back().draft.collapse_key = "score";
  }
  InThreads(8, [&](int i) {
    for (size_t n = 0; n < 6; ++n) {
      const absl::Status status = Accept(drafts[static_cast<size_t>(i) * 6 + n]).status();
      EXPECT_TRUE(status.ok()) << status;
    }
  });
  std::set<int64_t> sequences;
  int64_t open = 0;
  const std::vector<Message> messages = *store_.ListMessages(product_, {.limit = 1000}, Deadline());
  for (const Message& m : messages) {
    sequences.insert(m.sequence);
    open += m.collapse_key.empty() ? 0 : m.counts.pending;
  }
  EXPECT_EQ(sequences.size(), 48u);
  EXPECT_EQ(*sequences.rbegin(), 48);
  EXPECT_EQ(open, 1);
}

TEST_F(ConcurrencyTest, AcksExpiryCancelAndCollapseAtTheSameTimeKeepTheLedgerTrue) {
  std::vector<std::string> users;
  for (int i = 0; i < 60; ++i) users.push_back(absl::StrCat("u", i));
  MustJoin(users);
  std::vector<Message> sent;
  for (int i = 0; i < 12; ++i) {
    NewMessage item = Draft(absl::StrCat("request-", i));
    if (i >= 10) item.draft.collapse_key = absl::StrCat("score-", i);
    item.draft.vendor_after = absl::Seconds(10);
    sent.push_back(MustAccept(item));
  }
  std::atomic<int> failed = 0, acked = 0;
  const auto expect_ok = [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    failed += status.ok() ? 0 : 1;
  };
  const absl::Time late = kNow + absl::Hours(2);
  InThreads(8, [&](int thread) {
    for (int round = 0; round < 12; ++round) {
      const Message& m = sent[static_cast<size_t>((thread + round) % 12)];
      if (thread < 4) {
        // Each thread has users of its own, and acknowledges them over all messages, in another order each.
        std::vector<DeliveryKey> keys;
        for (size_t u = static_cast<size_t>(round); u < 60; u += 12) {
          for (const Message& any : sent) {
            if (u % 4 == static_cast<size_t>(thread)) keys.push_back({any.id, users[u]});
          }
        }
        std::rotate(keys.begin(), keys.begin() + static_cast<int64_t>(keys.size() / 2), keys.end());
        for (const auto& o : store_.MoveDeliveries(product_, keys, {.now = kNow}, Deadline())) {
          expect_ok(o.status());
          acked += o.ok() && *o ? 1 : 0;
        }
      } else if (thread == 4) {
        expect_ok(store_.ExpireDue(round < 9 ? kNow : late, 7, Deadline()).status());
      } else if (thread == 5 && round % 4 == 0) {
        expect_ok(Cancel(absl::StrCat("cancel-", round), m).status());
      } else if (thread == 6 && round == 3) {
        NewMessage newer = Draft("newer");
        newer.draft.collapse_key = "score-10";
        expect_ok(Accept(newer).status());
      } else if (thread == 7) {
        expect_ok(store_.MarkSent(product_, {{m.id}}, kNow, Deadline())[0].status());
        for (const DueDelivery& d : store_.ClaimVendorDue(kNow + absl::Seconds(10), absl::Seconds(5), 20, Deadline())
                                        .value_or(std::vector<DueDelivery>())) {
          const DeliveryKey key{d.delivery.message_id, d.delivery.user_id};
          store_.MoveDeliveries(d.product, {&key, 1}, {.to = DeliveryState::kVendor, .now = kNow}, Deadline());
        }
        expect_ok(store_.ClaimRepeatDue(std::nullopt, kNow + absl::Seconds(10), 20, Deadline()).status());
      }
    }
  });
  EXPECT_EQ(failed, 0);
  int64_t counted = 0;
  for (const Message& m : sent) counted += Get(m).counts.acked;
  EXPECT_EQ(counted, acked);
  EXPECT_GT(acked, 0);
  ExpectEventsEqualStates();
}

TEST_F(ConcurrencyTest, ReleaseAndCancelOfAScheduledMessageAgree) {
  MustJoin({"u1", "u2", "u3"});
  for (int round = 0; round < 8; ++round) {
    NewMessage item = Draft(absl::StrCat("request-", round));
    item.draft.schedule_time = kNow + absl::Minutes(1);
    item.draft.day.clear();
    const Message m = MustAccept(item);
    InThreads(3, [&](int thread) {
      const absl::Status status = thread == 0 ? Cancel(absl::StrCat("cancel-", round), m).status()
                                              : Release(m, kNow + absl::Minutes(1)).status();
      EXPECT_TRUE(status.ok()) << status;
    });
    const Message after = Get(m);
    EXPECT_EQ(after.state, MessageState::kCanceled);
    EXPECT_EQ(after.counts.pending, 0);
  }
  ExpectEventsEqualStates();
}

TEST_F(ConcurrencyTest, WorkersNeverClaimTheSameDelivery) {
  std::vector<std::string> users;
  for (int i = 0; i < 60; ++i) users.push_back(absl::StrCat("u", i));
  MustJoin(users);
  const Message m = MustAccept(Draft("request-1"));
  std::vector<std::vector<DueDelivery>> claimed(6);
  InThreads(6, [&](int thread) {
    for (int i = 0; i < 40; ++i) {
      const auto due = store_.ClaimRepeatDue(std::nullopt, kNow + absl::Seconds(10), 5, Deadline());
      if (!due.ok() || due->empty()) return;
      for (const DueDelivery& d : *due) claimed[static_cast<size_t>(thread)].push_back(d);
    }
  });
  std::multiset<std::string> mine;
  for (const auto& some : claimed) {
    for (const DueDelivery& d : some) {
      if (d.delivery.message_id == m.id) mine.insert(d.delivery.user_id);
    }
  }
  EXPECT_EQ(mine, (std::multiset<std::string>(users.begin(), users.end())));
}

TEST_F(ConcurrencyTest, CountsAndRecordsMeetOnce) {
  std::vector<Message> messages;
  for (int i = 0; i < 40; ++i) {
    messages.push_back(Draft("", {TargetKind::kRoom, "math"}, MessageClass::kOrdered).draft);
  }
  InThreads(6, [&](int thread) {
    for (const Message& m : messages) {
      if (thread % 2 == 0) {
        EXPECT_TRUE(store_.RecordMessages({&m, 1}, Deadline())[0].ok());
      } else {
        const CountReport report{
            product_, absl::StrCat("gateway-", thread), static_cast<int64_t>(m.id.Hash() >> 1), {{m.id, 1, 0}}, kNow};
        const auto outcome = store_.AddCounts({&report, 1}, Deadline())[0];
        EXPECT_TRUE(outcome.ok()) << outcome.status();
      }
    }
  });
  const ClassDay day = store_.SummarizeDay(product_, kDay, Deadline())->at(MessageClass::kOrdered);
  EXPECT_EQ(day.messages, 40);
  EXPECT_EQ(day.counts.accepted, 120);
}

}  // namespace
}  // namespace trivium::push
