#include "services/payment/psp/sandbox/server/sandbox.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace trivium::payment::sandbox {
namespace {

constexpr size_t kMaxDelayed = 10000;
constexpr absl::Duration kPollMax = absl::Seconds(1);

}  // namespace

http::Response ToResponse(const Refusal& refusal) {
  const nlohmann::json body = {{"code", refusal.code}, {"message", refusal.message}};
  return {refusal.status, "application/json", {}, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

http::Response JsonResponse(std::string body) { return {200, "application/json", {}, std::move(body)}; }

Sandbox::Sandbox(std::unique_ptr<Book> book, std::unique_ptr<Journal> journal, Clock& clock)
    : clock_(clock), book_(std::move(book)), journal_(std::move(journal)), thread_([this] { Run(); }) {}

Sandbox::~Sandbox() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  settle_.NotifyAll();
  callback_.NotifyAll();
  thread_.join();
}

void Sandbox::Journalize() {
  std::vector<std::string> lines = book_->TakeLines();
  if (!lines.empty()) journal_->Append(std::move(lines), [](const absl::Status&) {});
}

void Sandbox::Do(const std::function<http::Response(Book&, absl::Time)>& act, http::Responder respond) {
  MutexLock lock(mu_);
  const absl::Time now = clock_.Now();
  const absl::Time settlement = book_->NextSettlement(), callback = book_->NextCallback();
  http::Response response = act(*book_, now);
  // Under the lock, so that the journal has the order of the book. Also without changes: what was read must be on disk
  // before it is told.
  journal_->Append(book_->TakeLines(), [response = std::move(response),
                                        respond = std::move(respond)](const absl::Status& status) mutable {
    respond(status.ok() ? std::move(response) : ToResponse({500, "SYSTEM_ERROR", "the journal cannot be written"}));
  });
  if (book_->NextSettlement() < settlement) settle_.NotifyOne();
  if (book_->NextCallback() < callback) callback_.NotifyAll();
}

void Sandbox::After(absl::Duration delay, std::function<void()> work) {
  {
    MutexLock lock(mu_);
    if (delayed_.size() < kMaxDelayed && !stopping_) {
      delayed_.emplace(clock_.Now() + delay, std::move(work));
      settle_.NotifyOne();
      return;
    }
  }
  work();
}

std::optional<Callback> Sandbox::AwaitCallback() {
  MutexLock lock(mu_);
  const absl::Duration wait = std::min(book_->NextCallback() - clock_.Now(), kPollMax);
  if (wait > absl::ZeroDuration() && !stopping_) callback_.WaitFor(mu_, wait);
  return book_->TakeCallback(clock_.Now());
}

void Sandbox::FinishCallback(const std::string& key, bool taken) {
  MutexLock lock(mu_);
  book_->FinishCallback(key, taken, clock_.Now());
  Journalize();
}

void Sandbox::Run() {
  while (true) {
    std::vector<std::function<void()>> work;
    {
      MutexLock lock(mu_);
      if (stopping_) return;
      const absl::Time now = clock_.Now();
      book_->Advance(now);
      Journalize();
      if (book_->NextCallback() <= now) callback_.NotifyAll();
      while (!delayed_.empty() && delayed_.begin()->first <= now) {
        work.push_back(std::move(delayed_.begin()->second));
        delayed_.erase(delayed_.begin());
      }
      const absl::Time next =
          std::min(book_->NextSettlement(), delayed_.empty() ? absl::InfiniteFuture() : delayed_.begin()->first);
      if (work.empty() && next > now) settle_.WaitFor(mu_, std::min(next - now, kPollMax));
    }
    for (const auto& item : work) item();
  }
}

}  // namespace trivium::payment::sandbox
