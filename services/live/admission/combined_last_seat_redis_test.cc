// Joins, renewals and leaves of 64 threads at every level's last seat, which the combiner puts together, on a real
// Redis. Each step that Redis did is replayed on the model in the order of the numbers: every answer must be the same,
// and each caller must have got its own.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/live/admission/change_audit.h"
#include "services/live/admission/combined_admission.h"
#include "services/live/admission/forwarding_admission.h"
#include "services/live/admission/memory_admission.h"
#include "services/live/admission/random_steps.h"
#include "services/live/admission/recording_client.h"
#include "services/live/admission/redis_admission.h"
#include "services/live/admission/redis_under_test.h"
#include "services/live/admission/seed.h"

namespace trivium::live {
namespace {

constexpr int kThreads = 64, kCallsOfAThread = 200;

// One call of the admission below the combiner, to be replayed on the model.
struct Step {
  std::function<std::string(Admission& model)> replay;
  std::string answer;
  size_t items = 0;
};

template <typename Outcome>
std::string DescribeEach(const std::vector<Outcome>& outcomes) {
  std::string text;
  for (const Outcome& outcome : outcomes) absl::StrAppend(&text, Describe(outcome), "\n");
  return text;
}

// Writes down what it does, by the number of the first item. On a RecordingClient.
class Logged : public ForwardingAdmission {
 public:
  using ForwardingAdmission::ForwardingAdmission;

  std::vector<absl::StatusOr<Standing>> Join(std::span<const JoinRequest> requests, const Call& call) override {
    return Log<absl::StatusOr<Standing>>(requests, call, [](Admission& admission, const auto& items, const Call& at) {
      return admission.Join(items, at);
    });
  }
  std::vector<absl::StatusOr<Standing>> Renew(std::span<const RenewRequest> requests, const Call& call) override {
    return Log<absl::StatusOr<Standing>>(requests, call, [](Admission& admission, const auto& items, const Call& at) {
      return admission.Renew(items, at);
    });
  }
  std::vector<absl::Status> Leave(std::span<const LeaveRequest> requests, const Call& call) override {
    return Log<absl::Status>(requests, call, [](Admission& admission, const auto& items, const Call& at) {
      return admission.Leave(items, at);
    });
  }
  std::map<int64_t, Step> Steps() {
    MutexLock lock(mu_);
    return steps_;
  }

 private:
  template <typename Outcome, typename Request, typename Do>
  std::vector<Outcome> Log(std::span<const Request> requests, const Call& call, Do ask) {
    const std::vector<Request> items(requests.begin(), requests.end());
    const std::vector<Outcome> outcomes = ask(inner_, items, call);
    const int64_t sequence = RecordingClient::LastSequence();
    const auto replay = [items, now = call.now, ask](Admission& model) {
      return DescribeEach(ask(model, items, Call{now, absl::InfiniteFuture()}));
    };
    MutexLock lock(mu_);
    EXPECT_TRUE(steps_.emplace(sequence, Step{replay, DescribeEach(outcomes), items.size()}).second) << sequence;
    return outcomes;
  }

  Mutex mu_;
  std::map<int64_t, Step> steps_ ABSL_GUARDED_BY(mu_);
};

class CombinedLastSeatTest : public ::testing::Test {
 protected:
  Call call() const { return {now_, absl::Now() + absl::Seconds(60)}; }

  void RunThread(uint64_t seed, int thread) {
    RandomSteps random(seed + static_cast<uint64_t>(thread), "");
    std::map<std::pair<int, std::string>, Standing> in;
    for (int i = 0; i < kCallsOfAThread && !HasFailure(); ++i) {
      const int room = 1 + random.Below(kRandomRooms);
      // Some users are several threads': they take over from each other.
      const std::string user = absl::StrCat("s", (thread * 4 + random.Below(4)) % 97);
      const auto stay = in.find({room, user});
      const int kind = random.Below(10);
      if (stay == in.end() || kind < 3) {
        Join(room, user, absl::StrCat("t", thread, "-", i), &in);
      } else if (kind < 5) {
        const RenewRequest renew{AdmissionCalls::Room(room), user, stay->second.place.epoch, absl::Seconds(30), {}};
        (void)combined_->Renew({{renew}}, call());
      } else {
        const LeaveRequest leave{AdmissionCalls::Room(room), user, kind < 7 ? stay->second.place.epoch : 0};
        (void)combined_->Leave({{leave}}, call());
        in.erase(stay);
      }
    }
  }
  void Join(int room, const std::string& user, const std::string& request,
            std::map<std::pair<int, std::string>, Standing>* in) {
    const JoinRequest join = AdmissionCalls::JoinOf(room, user, Role::kStudent, request);
    const auto standing = combined_->Join({{join}}, call()).front();
    if (standing.ok()) (*in)[{room, user}] = *standing;
    MutexLock lock(mu_);
    answers_.push_back(Describe(standing));
  }

  const absl::Time now_ = absl::FromUnixMillis(1'795'334'400'000);
  RecordingClient client_{SharedClient()};
  const std::unique_ptr<Admission> redis_ = NewRedisAdmission({.cell = "combined-last-seat"}, client_).value();
  const std::unique_ptr<MemoryAdmission> model_ = NewMemoryAdmission();
  Logged logged_{*redis_};
  Metrics metrics_;
  const std::unique_ptr<Admission> combined_ = NewCombinedAdmission({}, logged_, Clock::Real(), metrics_);
  Mutex mu_;
  std::vector<std::string> answers_ ABSL_GUARDED_BY(mu_);
};

TEST_F(CombinedLastSeatTest, EveryAnswerIsTheModels) {
  const uint64_t seed = PrintedSeed();
  for (Admission* admission : {redis_.get(), static_cast<Admission*>(model_.get())}) {
    ASSERT_TRUE(admission->BeginGeneration(absl::ZeroDuration(), call()).ok());
    for (const RandomStep& step : RandomSteps::Opening(false)) step.run(*admission, call(), nullptr);
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([this, seed, t] { RunThread(seed, t); });
  for (std::thread& thread : threads) thread.join();

  std::set<std::string> all;
  size_t most = 0;
  for (const auto& [sequence, step] : logged_.Steps()) {
    ASSERT_EQ(step.replay(*model_), step.answer) << "step " << sequence;
    most = std::max(most, step.items);
    for (const absl::string_view line : absl::StrSplit(step.answer, '\n')) all.insert(std::string(line));
  }
  EXPECT_GT(most, 1u) << "nothing went together: nothing was tried";
  ASSERT_EQ(DescribeAll(*redis_, call()), DescribeAll(*model_, call()));
  ChangeAudit audit;
  for (const Change& change : AdmissionCalls(*redis_).Changes()) audit.Take(change);
  EXPECT_EQ(audit.violations(), std::vector<std::string>{});
  EXPECT_LE(audit.most()[0], 4);
  EXPECT_LE(audit.most()[1], 2);
  EXPECT_LE(audit.most()[2], 2);
  // Numbers are unique: an answer is the log's only when it is its own.
  MutexLock lock(mu_);
  for (const std::string& answer : answers_) EXPECT_TRUE(all.contains(answer)) << answer;
}

}  // namespace
}  // namespace trivium::live
