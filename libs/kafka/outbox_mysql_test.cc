// The outbox's order and its relay, against a real database and a broker of our own making.
#include "libs/kafka/outbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "libs/clock/clock.h"
#include "libs/kafka/outbox_steps.h"
#include "libs/kafka/test_tables.h"
#include "libs/mysql/lease_store.h"
#include "libs/mysql/test_server.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::kafka {
namespace {

// Takes everything in order, unless it is down.
class FakeProducer : public Producer {
 public:
  absl::Status Send(std::span<const Event> events) override {
    MutexLock lock(mu_);
    if (down_) return absl::UnavailableError("down");
    taken_.insert(taken_.end(), events.begin(), events.end());
    return absl::OkStatus();
  }
  absl::Status SendMessages(std::span<const Message>) override { return absl::UnimplementedError("not needed"); }
  void SetDown(bool down) {
    MutexLock lock(mu_);
    down_ = down;
  }
  std::vector<Event> taken() {
    MutexLock lock(mu_);
    return taken_;
  }

 private:
  Mutex mu_;
  bool down_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Event> taken_ ABSL_GUARDED_BY(mu_);
};

class OutboxTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = mysql::TestServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
  }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override {
    ASSERT_TRUE(server_->CreateSchema("t").ok());
    ASSERT_EQ(server_->Run("t", kTestTables), absl::OkStatus());
    pool_ = mysql::NewPool(server_->pool_options("t"), Clock::Real(), metrics_);
    leases_ = mysql::NewLeaseStore(*pool_, Clock::Real());
    ids_ = NewIdGenerator(Clock::Real());
  }

  static absl::Time Soon() { return absl::Now() + absl::Seconds(20); }
  Event NewEvent(const std::string& product, const std::string& key, const std::string& payload) {
    return {.id = ids_->Next(),
            .topic = "trivium.test.events.v1",
            .key = key,
            .type = "T",
            .product = product,
            .subject = "s",
            .time = absl::Now(),
            .payload = payload};
  }
  absl::Status Write(const std::string& product, const std::string& key, const std::string& payload) {
    const Event event = NewEvent(product, key, payload);
    return pool_->Transact("write", Soon(), [&](mysql::Connection& db) { return WriteOutbox(db, {&event, 1}); });
  }
  std::vector<SequencedEvent> Read(const std::string& product, int64_t after = 0, int limit = 100000) {
    std::vector<SequencedEvent> events;
    EXPECT_EQ(pool_->Use("read", Soon(),
                         [&](mysql::Connection& db) -> absl::Status {
                           TRIVIUM_ASSIGN_OR_RETURN(events, ReadOutbox(db, product, after, limit));
                           return absl::OkStatus();
                         }),
              absl::OkStatus());
    return events;
  }
  int64_t Count(const std::string& where) {
    int64_t count = -1;
    EXPECT_EQ(pool_->Use("count", Soon(),
                         [&](mysql::Connection& db) -> absl::Status {
                           TRIVIUM_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT COUNT(*) FROM outbox WHERE " + where));
                           count = rows[0].Int(0);
                           return absl::OkStatus();
                         }),
              absl::OkStatus());
    return count;
  }
  int64_t TakeLease(const std::string& holder) {
    const auto record = leases_->Acquire(kOutboxLease, holder, absl::Seconds(60));
    return record.ok() && record->holder == holder ? record->epoch : -1;
  }
  template <typename F>
  static bool Eventually(F condition) {
    for (int i = 0; i < 1500; ++i) {
      if (condition()) return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return false;
  }

  static mysql::TestServer* server_;
  Metrics metrics_;
  std::unique_ptr<mysql::Pool> pool_;
  std::unique_ptr<ha::LeaseStore> leases_;
  std::unique_ptr<IdGenerator> ids_;
};
mysql::TestServer* OutboxTest::server_ = nullptr;

// The case that a cursor over outbox_id would lose: the row with the lower number commits after the other was
// sequenced.
TEST_F(OutboxTest, LateCommitGetsItsPlaceAndIsNotSkipped) {
  const int64_t epoch = TakeLease("a");
  const Event late = NewEvent("acme", "k1", "late");
  ASSERT_EQ(pool_->Transact("late", Soon(),
                            [&](mysql::Connection& db) -> absl::Status {
                              TRIVIUM_RETURN_IF_ERROR(WriteOutbox(db, {&late, 1}));
                              EXPECT_TRUE(Write("acme", "k2", "early").ok());
                              EXPECT_EQ(*SequenceStep(*pool_, Soon(), "a", epoch, 100), 1);
                              return absl::OkStatus();
                            }),
            absl::OkStatus());
  EXPECT_EQ(*SequenceStep(*pool_, Soon(), "a", epoch, 100), 1);
  const auto events = Read("acme");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].event.payload, "early");
  EXPECT_EQ(events[1].event.payload, "late");
  FakeProducer producer;
  OutboxSender sender(*pool_, producer, Clock::Real());
  EXPECT_EQ(*sender.Step(100), 2);
  EXPECT_EQ(producer.taken()[0].payload, "early") << "sent in the order of seq";
  EXPECT_EQ(*sender.Step(100), 0);
}

TEST_F(OutboxTest, EventComesBackAsItWasWrittenAndRolledBackOnesNever) {
  const Event event = NewEvent("acme", "k'\\", std::string("\0\xff'\"\\", 5));
  ASSERT_TRUE(pool_->Transact("w", Soon(), [&](mysql::Connection& db) { return WriteOutbox(db, {&event, 1}); }).ok());
  (void)pool_->Transact("w", Soon(), [&](mysql::Connection& db) -> absl::Status {
    const Event other = NewEvent("acme", "k", "rolled back");
    TRIVIUM_RETURN_IF_ERROR(WriteOutbox(db, {&other, 1}));
    return absl::CancelledError("no");
  });
  ASSERT_EQ(*SequenceStep(*pool_, Soon(), "a", TakeLease("a"), 100), 1);
  const auto events = Read("acme");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].seq, 1);
  EXPECT_EQ(events[0].event.id, event.id);
  EXPECT_EQ(events[0].event.key, event.key);
  EXPECT_EQ(events[0].event.payload, event.payload);
  EXPECT_EQ(absl::ToUnixMicros(events[0].event.time), absl::ToUnixMicros(event.time));
}

TEST_F(OutboxTest, TooLargePayloadIsRefusedBeforeItCanBlockTheRelay) {
  EXPECT_EQ(Write("acme", "k", std::string(kPayloadBytesMax + 1, 'x')).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Write("acme", "k", std::string(kPayloadBytesMax, 'x')).ok());
}

TEST_F(OutboxTest, PausedLeaderIsFenced) {
  ASSERT_TRUE(Write("acme", "k", "1").ok());
  const auto old = leases_->Acquire(kOutboxLease, "a", absl::Milliseconds(50));
  absl::SleepFor(absl::Milliseconds(100));
  const int64_t epoch = TakeLease("b");
  ASSERT_EQ(epoch, old->epoch + 1);
  EXPECT_EQ(ReasonOf(SequenceStep(*pool_, Soon(), "a", old->epoch, 100).status()), "LEASE_FENCED");
  EXPECT_TRUE(Read("acme").empty());
  EXPECT_EQ(*SequenceStep(*pool_, Soon(), "b", epoch, 100), 1);
}

TEST_F(OutboxTest, CursorPagesThrough) {
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(Write("acme", "k", std::to_string(i)).ok());
  ASSERT_TRUE(Write("globex", "k", "other").ok());
  ASSERT_EQ(*SequenceStep(*pool_, Soon(), "a", TakeLease("a"), 100), 6);
  const auto page = Read("acme", 2, 2);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].seq, 3);
  EXPECT_EQ(page[1].event.payload, "4");
}

TEST_F(OutboxTest, RangeTellsWhatIsKeptAndWhatWasEverGivenOut) {
  const auto range = [&](const char* product) {
    std::pair<int64_t, int64_t> found;
    const absl::Status status = pool_->Use("range", Soon(), [&](mysql::Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(const SeqRange range, OutboxRange(db, product));
      found = {range.oldest, range.newest};
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  };
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(Write("acme", "k", std::to_string(i)).ok());
  EXPECT_EQ(range("acme"), std::pair(int64_t{1}, int64_t{0})) << "none has its number yet";
  ASSERT_EQ(*SequenceStep(*pool_, Soon(), "a", TakeLease("a"), 100), 5);
  EXPECT_EQ(range("acme"), std::pair(int64_t{1}, int64_t{5}));
  EXPECT_EQ(range("nobody"), std::pair(int64_t{1}, int64_t{0}));
  ASSERT_EQ(*PurgeStep(*pool_, Soon(), absl::Now() + absl::Hours(1), true, 2), 2);
  EXPECT_EQ(range("acme"), std::pair(int64_t{3}, int64_t{5}));
  ASSERT_EQ(*PurgeStep(*pool_, Soon(), absl::Now() + absl::Hours(1), true, 100), 3);
  EXPECT_EQ(range("acme"), std::pair(int64_t{6}, int64_t{5})) << "a cursor before the end is too old";
}

TEST_F(OutboxTest, PurgeTakesOldSentRowsOnly) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Write("acme", "k", "x").ok());
  const int64_t epoch = TakeLease("a");
  ASSERT_EQ(*SequenceStep(*pool_, Soon(), "a", epoch, 3), 3);
  FakeProducer producer;
  OutboxSender sender(*pool_, producer, Clock::Real());
  ASSERT_EQ(*sender.Step(2), 2);
  const absl::Time future = absl::Now() + absl::Hours(1);
  EXPECT_EQ(*PurgeStep(*pool_, Soon(), absl::Now() - absl::Hours(1), false, 100), 0);
  EXPECT_EQ(*PurgeStep(*pool_, Soon(), future, false, 1), 1) << "in small batches";
  EXPECT_EQ(*PurgeStep(*pool_, Soon(), future, false, 100), 1);
  EXPECT_EQ(*PurgeStep(*pool_, Soon(), future, true, 100), 1) << "the sequenced one, where none are ever sent";
  EXPECT_EQ(Count("seq IS NULL"), 2);
}

// Writers with locks on their keys, two relays, one of them stopped in the middle, the broker down for a while.
TEST_F(OutboxTest, TwoRelaysSendEveryEventInOrderPerKeyThroughTroubles) {
  FakeProducer producer;
  const RelayOptions options = {.batch_max = 7, .poll = absl::Milliseconds(5)};
  RelayOptions a_options = options, b_options = options;
  a_options.holder = "a";
  b_options.holder = "b";
  std::atomic<int> sequenced_calls{0};
  OutboxRelay a(a_options, *pool_, *leases_, &producer, Clock::Real(), metrics_, [&] { ++sequenced_calls; });
  OutboxRelay b(b_options, *pool_, *leases_, &producer, Clock::Real(), metrics_, [&] { ++sequenced_calls; });
  a.Start();
  b.Start();
  constexpr int kKeys = 4, kEach = 60;
  ASSERT_TRUE(server_
                  ->Run("t",
                        "CREATE TABLE aggregate (id INT PRIMARY KEY, n INT NOT NULL);\nINSERT INTO aggregate VALUES "
                        "(0,0),(1,0),(2,0),(3,0);\n")
                  .ok());
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&] {
      for (int i = 0; i < kKeys * kEach / 4; ++i) {
        const int64_t key = i % kKeys;
        EXPECT_EQ(
            pool_->Transact(
                "write", Soon(),
                [&](mysql::Connection& db) -> absl::Status {
                  TRIVIUM_RETURN_IF_ERROR(db.Execute("UPDATE aggregate SET n = n + 1 WHERE id = ?", {key}).status());
                  TRIVIUM_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT n FROM aggregate WHERE id = ?", {key}));
                  const Event event = NewEvent(key % 2 ? "acme" : "globex", "k" + std::to_string(key), rows[0].Text(0));
                  return WriteOutbox(db, {&event, 1});
                }),
            absl::OkStatus());
        if (i == 20) producer.SetDown(true);
      }
    });
  }
  for (std::thread& t : writers) t.join();
  EXPECT_TRUE(Eventually([&] { return Count("seq IS NULL") == 0; })) << "sequencing goes on while the broker is away";
  EXPECT_GT(Count("sent_time IS NULL"), 0);
  a.Stop();  // Whoever leads: the other takes over at once.
  producer.SetDown(false);
  EXPECT_TRUE(Eventually([&] { return Count("sent_time IS NULL") == 0; }));
  b.Stop();
  EXPECT_GT(sequenced_calls, 0);

  std::set<Id> seen;
  std::map<std::string, int> last;
  for (const Event& event : producer.taken()) {
    if (!seen.insert(event.id).second) continue;  // As a consumer does.
    EXPECT_EQ(std::stoi(event.payload), ++last[event.key]) << event.key;
  }
  EXPECT_EQ(seen.size(), size_t{kKeys * kEach});
  for (const std::string product : {"acme", "globex"}) {
    int64_t want = 0;
    for (const SequencedEvent& e : Read(product)) EXPECT_EQ(e.seq, ++want) << "dense";
  }
}

}  // namespace
}  // namespace trivium::kafka
