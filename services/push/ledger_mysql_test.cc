// Random days: messages of all kinds, acknowledgements, cancellations, a Redis that loses everything in the middle. In
// the end every ledger adds up, every RELIABLE message has reached everybody, and no channel had one out of order.
// --test_env=TRIVIUM_SEED=n runs one day again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/redis/test_redis.h"
#include "services/push/push_under_test.h"
#include "services/push/store/mysql_under_test.h"

namespace trivium::push {
namespace {

constexpr int kUsers = 6, kRooms = 2, kSteps = 250;

using PushStub = v1::PushService::Stub;

int64_t DroppedOf(const v1::Delivery& d) {
  int64_t n = 0;
  for (const auto& [reason, count] : d.dropped()) n += count;
  return n;
}

void ExpectAddsUp(const v1::Delivery& d, const std::string& whose) {
  EXPECT_EQ(d.accepted(), d.acked() + d.vendor() + d.expired() + DroppedOf(d) + d.pending()) << whose;
}

class Day {
 public:
  Day(uint64_t seed, redis::TestRedis& redis, const mysql::PoolOptions* mysql)
      : random_(seed), redis_(redis), profiles_(new TwoProfiles) {
    Profile profile = profiles_->Get();
    profile.ack_timeout = absl::Milliseconds(200);
    profiles_->Set(profile);
    push_ = std::make_unique<PushUnderTest>(redis, *profiles_, mysql);
    for (int i = 0; i < kUsers; ++i) users_.push_back(absl::StrCat("u", i));
    for (const std::string& user : users_) channels_.push_back("user:" + user);
    for (int i = 0; i < kRooms; ++i) channels_.push_back(absl::StrCat("room:r", i));
    channels_.emplace_back("product");
    gateway_ = std::make_unique<TestGateway>(redis, "acme", channels_);
    Connect();
    for (size_t i = 0; i < users_.size(); ++i) {
      push_->MustJoin(absl::StrCat("r", i % kRooms), {users_[i]});
      push_->MustTag(users_[i], {{"grade", absl::StrCat(i % 3)}});
    }
  }

  void Run() {
    for (int step = 0; step < kSteps; ++step) {
      if (step == kSteps / 2) Wipe();
      switch (Below(8)) {
        case 0:
          CancelOne();
          break;
        case 1:
        case 2:
        case 3:
          AckSome(/*all=*/false);
          break;
        default:
          PublishOne();
      }
    }
    Settle();
    Check();
  }

 private:
  uint64_t Below(uint64_t n) { return random_() % n; }
  std::string AnyUser() { return users_[Below(users_.size())]; }

  void Connect() {
    for (const std::string& user : users_) gateway_->MustConnect("user:" + user, {user});
  }

  void Wipe() {
    redis_.Kill9();
    for (int i = 0; i < 5; ++i) PublishOne();
    ASSERT_TRUE(redis_.Restart(redis::TestRedis::Data::kWiped).ok());
    Connect();
  }

  void PublishOne() {
    const std::string request_id = absl::StrCat("request-", ++requests_);
    v1::PublishRequest request = PushUnderTest::ToUser(
        request_id, AnyUser(), static_cast<v1::MessageClass>(1 + std::min<uint64_t>(Below(6), 2)));
    switch (Below(4)) {
      case 0:
        request.mutable_target()->set_room_id(absl::StrCat("r", Below(kRooms)));
        break;
      case 1:
        request.mutable_target()->set_audience(absl::StrCat("grade=", Below(3)));
        break;
      case 2:
        if (Below(3) == 0) request.mutable_target()->set_product(true);
        break;
      default:
        break;
    }
    const bool reliable = request.class_() == v1::RELIABLE;
    if (reliable && Below(4) == 0) request.set_collapse_key(absl::StrCat("k", Below(2)));
    if (reliable && Below(6) == 0) request.mutable_ttl()->set_seconds(1);
    if (Below(8) == 0) {
      const absl::Time when = absl::Now() + absl::Milliseconds(Below(500));
      request.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(when));
      request.mutable_schedule_time()->set_nanos(static_cast<int>(absl::ToUnixMicros(when) % 1'000'000 * 1000));
    }
    v1::Message message;
    const absl::Status status = push_->Publish(request, &message);
    // Redis may be away: RELIABLE ones are taken all the same.
    EXPECT_TRUE(status.ok() || !(reliable || request.has_schedule_time())) << status;
    if (status.ok()) messages_.push_back(message);
    if (status.ok() && Below(5) == 0) {
      v1::Message again;
      EXPECT_TRUE(push_->Publish(request, &again).ok());
      EXPECT_EQ(again.message_id(), message.message_id());
    }
  }

  void CancelOne() {
    if (messages_.empty()) return;
    v1::CancelMessageRequest request;
    request.set_request_id(absl::StrCat("cancel-", ++requests_));
    request.set_message_id(messages_[Below(messages_.size())].message_id());
    v1::Message message;
    (void)push_->Call(&PushStub::CancelMessage, request, &message);
  }

  // What users have heard so far: some of it, or all.
  void AckSome(bool all) {
    const std::vector<TestGateway::Heard> heard = gateway_->heard();
    std::map<std::string, std::set<std::string>> ids_of;
    for (size_t i = heard.size() - std::min(heard.size(), all ? heard.size() : size_t{20}); i < heard.size(); ++i) {
      const v1::Publication& p = heard[i].what.publication();
      if (!heard[i].what.has_publication() || p.class_() != v1::RELIABLE) continue;
      for (const std::string& user : users_) {
        const bool his = heard[i].channel == "user:" + user || !heard[i].channel.starts_with("user:");
        if (his && (all || Below(2) == 0)) ids_of[user].insert(IdOf(p));
      }
    }
    for (const auto& [user, ids] : ids_of) {
      std::vector<std::string> some(ids.begin(), ids.end());
      for (size_t at = 0; at < some.size(); at += 300)
        push_->MustAck(user, {some.begin() + static_cast<int64_t>(at),
                              some.begin() + static_cast<int64_t>(std::min(at + 300, some.size()))});
    }
  }

  // Until everybody has everything.
  void Settle() {
    EXPECT_TRUE(Eventually([&] {
      AckSome(/*all=*/true);
      for (const v1::Message& m : messages_) {
        const v1::Message now = push_->MustGet(m.message_id());
        const bool final_state = now.class_() == v1::RELIABLE
                                     ? now.state() >= v1::Message::COMPLETED
                                     : now.state() == v1::Message::SENT || now.state() == v1::Message::CANCELED;
        if (!final_state) return false;
      }
      return true;
    }));
  }

  void Check() {
    std::map<std::string, int64_t> sequence_of;
    v1::Delivery sum;
    int64_t reliable = 0;
    for (const v1::Message& m : messages_) {
      const v1::Message now = push_->MustGet(m.message_id());
      ExpectAddsUp(now.delivery(), now.ShortDebugString());
      if (now.class_() != v1::RELIABLE) continue;
      EXPECT_EQ(now.delivery().pending(), 0) << now.ShortDebugString();
      EXPECT_TRUE(now.delivery().expired() == 0 || now.expire_time().seconds() < absl::ToUnixSeconds(absl::Now()) + 1)
          << now.ShortDebugString();
      sequence_of[now.message_id()] = now.sequence();
      ++reliable;
      sum.set_accepted(sum.accepted() + now.delivery().accepted());
      sum.set_acked(sum.acked() + now.delivery().acked());
      sum.set_expired(sum.expired() + now.delivery().expired());
      ExpectFatesMatch(now);
    }
    v1::DailySummary day;
    ASSERT_TRUE(push_->Call(&PushStub::GetDailySummary, {}, &day).ok());
    for (const v1::ClassSummary& c : day.classes()) ExpectAddsUp(c.delivery(), "the day");
    EXPECT_LE(day.classes(2).messages(), reliable) << "what was canceled before its time counts on no day";
    EXPECT_EQ(day.classes(2).delivery().accepted(), sum.accepted());
    EXPECT_EQ(day.classes(2).delivery().acked(), sum.acked());
    EXPECT_EQ(day.classes(2).delivery().expired(), sum.expired());
    for (const std::string& channel : channels_) {
      int64_t last = 0;
      for (const std::string& id : gateway_->IdsOf(channel)) {
        const auto it = sequence_of.find(id);
        if (it == sequence_of.end() || it->second == 0) continue;
        EXPECT_GT(it->second, last) << channel << ": out of order, or twice";
        last = it->second;
      }
    }
  }

  // The counts of a message are those of its recipients.
  void ExpectFatesMatch(const v1::Message& m) {
    v1::ListRecipientsRequest request;
    request.set_message_id(m.message_id());
    request.set_page_size(1000);
    v1::ListRecipientsResponse recipients;
    ASSERT_TRUE(push_->Call(&PushStub::ListRecipients, request, &recipients).ok());
    std::map<v1::Recipient::State, int64_t> fates;
    for (const v1::Recipient& r : recipients.recipients()) ++fates[r.state()];
    EXPECT_EQ(recipients.recipients_size(), m.delivery().accepted());
    EXPECT_EQ(fates[v1::Recipient::ACKED], m.delivery().acked());
    EXPECT_EQ(fates[v1::Recipient::EXPIRED], m.delivery().expired());
    EXPECT_EQ(fates[v1::Recipient::DROPPED], DroppedOf(m.delivery()));
  }

  std::mt19937_64 random_;
  redis::TestRedis& redis_;
  const std::unique_ptr<TwoProfiles> profiles_;
  std::unique_ptr<PushUnderTest> push_;
  std::unique_ptr<TestGateway> gateway_;
  std::vector<std::string> users_, channels_;
  std::vector<v1::Message> messages_;
  int requests_ = 0;
};

uint64_t Seed(uint64_t usual) {
  const char* given = std::getenv("TRIVIUM_SEED");
  return given == nullptr ? usual : std::strtoull(given, nullptr, 10);
}

TEST(LedgerTest, AddsUpInMemory) {
  const auto redis = redis::TestRedis::Start().value();
  for (const uint64_t seed : {Seed(1), Seed(2)}) {
    SCOPED_TRACE(absl::StrCat("TRIVIUM_SEED=", seed));
    Day(seed, *redis, nullptr).Run();
  }
}

TEST(LedgerTest, AddsUpInMysql) {
  const auto redis = redis::TestRedis::Start().value();
  const mysql::PoolOptions options = TestDatabaseOptions();
  const uint64_t seed = Seed(3);
  SCOPED_TRACE(absl::StrCat("TRIVIUM_SEED=", seed));
  Day(seed, *redis, &options).Run();
}

}  // namespace
}  // namespace trivium::push
