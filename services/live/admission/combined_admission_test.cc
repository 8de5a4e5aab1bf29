// The conformance suites through the combiner, and what goes together.
#include "services/live/admission/combined_admission.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/live/admission/admission_calls.h"
#include "services/live/admission/admission_conformance.h"
#include "services/live/admission/forwarding_admission.h"
#include "services/live/admission/memory_admission.h"

namespace trivium::live {
namespace {

class CombinedUnderTest : public AdmissionUnderTest {
 public:
  explicit CombinedUnderTest(const AdmissionOptions& options) : inner_(NewMemoryAdmission(options)) {
    combined_ = NewCombinedAdmission({}, *inner_, Clock::Real(), metrics_);
  }
  Admission& admission() override { return *combined_; }
  void Lose() override { inner_->Lose(); }

 private:
  Metrics metrics_;
  std::unique_ptr<MemoryAdmission> inner_;
  std::unique_ptr<Admission> combined_;
};

// Holds joins up until it is opened, and remembers who came together.
class Gate : public ForwardingAdmission {
 public:
  using ForwardingAdmission::ForwardingAdmission;

  std::vector<absl::StatusOr<Standing>> Join(std::span<const JoinRequest> requests, const Call& call) override {
    {
      MutexLock lock(mu_);
      std::string users;
      for (const JoinRequest& request : requests) absl::StrAppend(&users, users.empty() ? "" : " ", request.user_id);
      batches_.push_back(users);
      changed_.NotifyAll();
      while (!open_) changed_.Wait(mu_);
    }
    return ForwardingAdmission::Join(requests, call);
  }
  void AwaitBatches(size_t n) {
    MutexLock lock(mu_);
    while (batches_.size() < n) changed_.Wait(mu_);
  }
  void Open() {
    MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  std::vector<std::string> batches() {
    MutexLock lock(mu_);
    return batches_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::string> batches_ ABSL_GUARDED_BY(mu_);
};

class CombinedAdmissionTest : public ::testing::Test, protected AdmissionCalls {
 protected:
  CombinedAdmissionTest() : CombinedAdmissionTest(NewMemoryAdmission()) {}
  explicit CombinedAdmissionTest(std::unique_ptr<MemoryAdmission> memory)
      : AdmissionCalls(*memory), memory_(std::move(memory)) {
    Begin();
    SetEach({100, 100, 100});
    EXPECT_TRUE(Start(1, LargeRoom({2, 1, 0})).ok());
  }

  // Joins from a thread of its own; the answer's place, or reason, is at [name] then.
  void JoinFromThread(const std::string& user, absl::Duration patience) {
    threads_.emplace_back([this, user, at = Call{call().now, absl::Now() + patience}] {
      const JoinRequest request = JoinOf(1, user, Role::kStudent, "request-" + user);
      const auto standing = combined_->Join({{request}}, at).front();
      MutexLock lock(mu_);
      answers_[user] = standing.ok() ? absl::StrCat(static_cast<int>(standing->place.rung)) : Reason(standing);
    });
  }
  // Until so many wait for their step.
  void AwaitWaiting(double n) {
    while (MetricOf("trivium_live_admission_waiting{operation=\"join\"} ") != n) absl::SleepFor(absl::Milliseconds(1));
  }
  std::map<std::string, std::string> Answers() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    MutexLock lock(mu_);
    return answers_;
  }
  double CallsThatWere(const std::string& fate) {
    return MetricOf(absl::StrCat("trivium_live_admission_calls_total{fate=\"", fate, "\",operation=\"join\"} "));
  }
  double MetricOf(const std::string& series) {
    const std::string text = metrics_.Expose();
    const size_t at = text.find(series);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size()));
  }

  Metrics metrics_;
  const std::unique_ptr<MemoryAdmission> memory_;
  Gate gate_{*memory_};
  const std::unique_ptr<Admission> combined_ =
      NewCombinedAdmission({.batch_max = 3, .queue_max = 4}, gate_, Clock::Real(), metrics_);
  Mutex mu_;
  std::map<std::string, std::string> answers_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

TEST_F(CombinedAdmissionTest, WhatIsAskedMeanwhileGoesTogetherAndInOrder) {
  JoinFromThread("a", absl::Seconds(20));
  gate_.AwaitBatches(1);
  double waiting = 0;
  for (const char* user : {"b", "c", "d", "e"}) {
    JoinFromThread(user, absl::Seconds(20));
    AwaitWaiting(++waiting);
  }
  JoinFromThread("f", absl::Seconds(20));
  threads_.back().join();
  threads_.pop_back();
  gate_.Open();
  const std::map<std::string, std::string> places = {{"a", "1"}, {"b", "2"}, {"c", "4"},
                                                     {"d", "4"}, {"e", "4"}, {"f", "OVERLOADED"}};
  EXPECT_EQ(Answers(), places);
  EXPECT_EQ(gate_.batches(), (std::vector<std::string>{"a", "b c d", "e"}));
  EXPECT_EQ(News(), (std::vector<std::string>{"JOINED a RTC", "JOINED b FAST", "QUEUED c WAITING", "QUEUED d WAITING",
                                              "QUEUED e WAITING"}));
  EXPECT_EQ(CallsThatWere("asked"), 5);
  EXPECT_EQ(CallsThatWere("refused"), 1);
}

TEST_F(CombinedAdmissionTest, WhoseTimeIsOverIsNotAskedAnyMore) {
  JoinFromThread("a", absl::Milliseconds(200));
  gate_.AwaitBatches(1);
  JoinFromThread("b", absl::Milliseconds(20));
  const std::map<std::string, std::string> late = {{"a", "REDIS_OUTCOME_UNKNOWN"}, {"b", "DEADLINE_EXCEEDED"}};
  EXPECT_EQ(Answers(), late) << "nobody waits for longer than it may";
  gate_.Open();
  JoinFromThread("c", absl::Seconds(20));
  EXPECT_EQ(Answers().at("c"), "2") << "a, who was asked, has the place on RTC";
  EXPECT_EQ(CallsThatWere("late"), 1);
}

}  // namespace

std::unique_ptr<AdmissionUnderTest> NewAdmissionUnderTest(const AdmissionOptions& options) {
  return std::make_unique<CombinedUnderTest>(options);
}

}  // namespace trivium::live
