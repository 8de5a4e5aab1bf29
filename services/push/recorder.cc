#include "services/push/recorder.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "services/push/domain/message_rules.h"

namespace trivium::push {
namespace {

constexpr size_t kBatch = 500;
constexpr absl::Duration kGather = absl::Milliseconds(20);  // So that messages that come together are written together.
constexpr absl::Duration kRetry = absl::Milliseconds(200), kWriteTimeout = absl::Seconds(5),
                         kLastTries = absl::Seconds(5);

// What the database will never take, as opposed to trouble that passes.
bool IsRefused(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument || status.code() == absl::StatusCode::kFailedPrecondition;
}

const Message* FindIn(const auto& messages, const std::string& product, const Id& id) {
  const auto it = std::ranges::find_if(messages, [&](const Message& m) { return m.id == id && m.product == product; });
  return it == messages.end() ? nullptr : &*it;
}

}  // namespace

void Recorder::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Recorder::Stop() {
  {
    MutexLock lock(mu_);
    if (!stopping_) give_up_ = clock_.Now() + kLastTries;
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status Recorder::Reserve(size_t messages, size_t bytes) {
  MutexLock lock(mu_);
  if (reserved_ + messages > queue_max_ || bytes_ + bytes > kRecordBytesMax) {
    return Error(absl::StatusCode::kResourceExhausted, "OVERLOADED",
                 absl::StrCat(reserved_, " LOSSY and ORDERED messages wait to be written down: try later"))
        .RetryAfter(kRetry);
  }
  reserved_ += messages;
  bytes_ += bytes;
  return absl::OkStatus();
}

void Recorder::Release(size_t messages, size_t bytes) {
  MutexLock lock(mu_);
  reserved_ -= messages;
  bytes_ -= bytes;
  metrics_.RecordQueue(reserved_);
}

void Recorder::Add(Message message) {
  MutexLock lock(mu_);
  queue_.push_back(std::move(message));
  metrics_.RecordQueue(reserved_);
  if (queue_.size() == 1 || queue_.size() == kBatch) wake_.NotifyAll();
}

std::optional<Message> Recorder::Find(const std::string& product, const Id& message_id) {
  MutexLock lock(mu_);
  const Message* found = FindIn(queue_, product, message_id);
  if (found == nullptr) found = FindIn(writing_, product, message_id);
  if (found == nullptr) return std::nullopt;
  return AsRecorded(*found);
}

std::vector<Message> Recorder::TakeBatch() {
  MutexLock lock(mu_);
  while (queue_.empty() && !stopping_) wake_.WaitFor(mu_, absl::Seconds(1));
  if (queue_.size() < kBatch && !stopping_) wake_.WaitFor(mu_, kGather);
  const auto end = queue_.begin() + static_cast<int64_t>(std::min(kBatch, queue_.size()));
  std::vector<Message> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  writing_ = batch;
  return batch;
}

void Recorder::Run() {
  pthread_setname_np(pthread_self(), "recorder");
  for (;;) {
    std::vector<Message> batch = TakeBatch();
    if (batch.empty()) return;
    const size_t messages = batch.size();
    size_t bytes = 0;
    for (const Message& m : batch) bytes += m.data.size();
    Write(std::move(batch));
    {
      MutexLock lock(mu_);
      writing_.clear();
    }
    Release(messages, bytes);
  }
}

void Recorder::Write(std::vector<Message> batch) {
  for (;;) {
    const std::vector<absl::Status> outcomes = store_.RecordMessages(batch, clock_.Now() + kWriteTimeout);
    std::vector<Message> again;
    for (size_t i = 0; i < batch.size(); ++i) {
      if (IsRefused(outcomes[i]))
        TRIVIUM_LOG(kError, "a message that was sent cannot be written down", {"error", outcomes[i]});
      if (!outcomes[i].ok() && !IsRefused(outcomes[i])) again.push_back(std::move(batch[i]));
    }
    metrics_.Recorded("refused", std::ranges::count_if(outcomes, IsRefused));
    metrics_.Recorded("done", std::ranges::count_if(outcomes, [](const absl::Status& s) { return s.ok(); }));
    metrics_.Recorded("retried", static_cast<int64_t>(again.size()));
    batch = std::move(again);
    if (batch.empty()) return;
    if (!PauseAndGoOn(kRetry)) return metrics_.Recorded("lost", static_cast<int64_t>(batch.size()));
  }
}

bool Recorder::PauseAndGoOn(absl::Duration pause) {
  MutexLock lock(mu_);
  wake_.WaitFor(mu_, pause);
  return clock_.Now() < give_up_;
}

}  // namespace trivium::push
