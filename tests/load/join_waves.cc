#include "tests/load/join_waves.h"

#include <algorithm>
#include <bit>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/status/error.h"
#include "tests/load/payment_api.h"

namespace trivium::load {
namespace {

// With more calls that were not answered there is no load to measure.
constexpr size_t kMaxDoubtful = 1'000;
constexpr int kSettleTries = 10;

}  // namespace

size_t RoomOfUser(int64_t n, size_t rooms) {
  return std::min(static_cast<size_t>(std::countr_zero(static_cast<uint64_t>(n) + 1)), rooms - 1);
}

JoinWaves::JoinWaves(const Parts& parts, absl::Duration length) : p_(parts), end_(absl::Now() + length) {}

WavesResult JoinWaves::Run() {
  const absl::Time start = absl::Now();
  {
    MutexLock lock(mu_);
    running_ = p_.workers;
    begun_ = start;
    waves_ = 1;
  }
  for (int i = 0; i < p_.workers; ++i) Next();
  WavesResult result{.joins = {.name = "join", .concurrency = p_.workers},
                     .leaves = {.name = "leave", .concurrency = p_.workers},
                     .calls = {.name = "both", .concurrency = p_.workers}};
  std::vector<Stay> doubtful;
  {
    MutexLock lock(mu_);
    while (running_ > 0) ended_.Wait(mu_);
    result.joins.seconds = absl::ToDoubleSeconds(coming_);
    result.answers = answers_;
    result.waves = waves_;
    doubtful = doubtful_;
  }
  result.calls.seconds = result.leaves.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  joins_.Into(result.joins);
  leaves_.Into(result.leaves);
  calls_.Into(result.calls);
  for (Stay& stay : doubtful) result.unsettled += Settle(stay) ? 0 : 1;
  return result;
}

JoinWaves::Step JoinWaves::Choose(Stay* stay) {
  const absl::Time now = absl::Now();
  MutexLock lock(mu_);
  const bool over = now >= end_ || doubtful_.size() >= kMaxDoubtful;
  if (!over && came_ >= p_.wave && in_.empty()) {
    came_ = 0;
    begun_ = now;
    ++waves_;
  }
  if (!over && came_ < p_.wave) {
    if (++came_ == p_.wave) coming_ += now - begun_;
    return Step::kJoin;
  }
  // The end may come in the middle of a wave.
  if (over && came_ < p_.wave) {
    coming_ += now - begun_;
    came_ = p_.wave;
  }
  if (in_.empty()) {
    if (--running_ == 0) ended_.NotifyAll();
    return Step::kEnd;
  }
  *stay = std::move(in_.front());
  in_.pop_front();
  return Step::kLeave;
}

void JoinWaves::Next() {
  Stay stay;
  switch (Choose(&stay)) {
    case Step::kEnd:
      return;
    case Step::kLeave:
      return Leave(stay);
    case Step::kJoin:
      break;
  }
  stay.user = p_.next_user++;
  stay.room = RoomOfUser(stay.user, p_.rooms.size());
  Join(stay);
}

void JoinWaves::Join(const Stay& stay) {
  const absl::Time begin = absl::Now();
  p_.api.JoinAsync(p_.rooms[stay.room], stay.user, [this, stay, begin](const absl::StatusOr<Joined>& joined) {
    const std::string refusal = joined.ok() ? "" : NameOf(joined.status());
    if (joined.ok() || refusal == "ROOM_QUEUE_FULL") {
      const absl::Duration took = absl::Now() - begin;
      joins_.Done(took);
      calls_.Done(took);
      MutexLock lock(mu_);
      ++answers_[joined.ok() ? absl::StrCat(kRungNames[joined->rung], " ", joined->reason)
                             : absl::StrCat("refused ", refusal)];
    } else {
      joins_.Failed(refusal);
      Doubt(stay);
    }
    if (joined.ok()) Keep({stay.user, stay.room, joined->join_id, joined->rung});
    Next();
  });
}

void JoinWaves::Keep(Stay stay) {
  if (stay.rung < kPlaceRungs) p_.audit.Hold(p_.levels[stay.room], stay.rung);
  MutexLock lock(mu_);
  in_.push_back(std::move(stay));
}

void JoinWaves::Leave(const Stay& stay) {
  if (stay.rung < kPlaceRungs) p_.audit.Release(p_.levels[stay.room], stay.rung);
  const absl::Time begin = absl::Now();
  p_.api.LeaveAsync(p_.rooms[stay.room], stay.user, stay.join_id, [this, stay, begin](const absl::Status& left) {
    if (left.ok()) {
      const absl::Duration took = absl::Now() - begin;
      leaves_.Done(took);
      calls_.Done(took);
    } else {
      leaves_.Failed(NameOf(left));
      Doubt(stay);
    }
    Next();
  });
}

void JoinWaves::Doubt(Stay stay) {
  MutexLock lock(mu_);
  doubtful_.push_back(std::move(stay));
}

bool JoinWaves::Settle(Stay& stay) {
  const LoadRoom& room = p_.rooms[stay.room];
  for (int i = 0; i < kSettleTries; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    if (stay.join_id.empty()) {
      std::promise<absl::StatusOr<Joined>> answer;
      p_.api.JoinAsync(room, stay.user, [&](absl::StatusOr<Joined> joined) { answer.set_value(std::move(joined)); });
      const absl::StatusOr<Joined> joined = answer.get_future().get();
      if (!joined.ok()) continue;
      stay.join_id = joined->join_id;
    }
    std::promise<absl::Status> answer;
    p_.api.LeaveAsync(room, stay.user, stay.join_id, [&](absl::Status left) { answer.set_value(std::move(left)); });
    if (answer.get_future().get().ok()) return true;
  }
  return false;
}

}  // namespace trivium::load
