// The Book behind a lock, its journal, and the thread that settles what is due. Answers leave only when the journal has
// them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/http/server.h"
#include "libs/sync/mutex.h"
#include "services/payment/psp/sandbox/server/book.h"
#include "services/payment/psp/sandbox/server/journal.h"

namespace trivium::payment::sandbox {

// Thread-safe.
class Sandbox {
 public:
  // clock: not owned; outlives this.
  Sandbox(std::unique_ptr<Book> book, std::unique_ptr<Journal> journal, Clock& clock);
  ~Sandbox();

  // Runs `act` on the book and sends the answer that it returns as soon as all it saw and changed is on disk (500
  // SYSTEM_ERROR when that fails).
  void Do(const std::function<http::Response(Book& book, absl::Time now)>& act, http::Responder respond);
  // Runs `work` after a delay of real time, on the settling thread; at once when 10,000 wait already.
  void After(absl::Duration delay, std::function<void()> work);
  // The journal's health.
  absl::Status health() const { return journal_->health(); }

  // For the callback sender: waits at most a second for a callback that is due.
  std::optional<Callback> AwaitCallback();
  void FinishCallback(const std::string& key, bool taken);

  absl::Time Now() const { return clock_.Now(); }

 private:
  void Run();
  void Journalize() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Clock& clock_;
  Mutex mu_;
  CondVar settle_, callback_;
  const std::unique_ptr<Book> book_ ABSL_PT_GUARDED_BY(mu_);
  std::multimap<absl::Time, std::function<void()>> delayed_ ABSL_GUARDED_BY(mu_);  // At most kMaxDelayed.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  const std::unique_ptr<Journal> journal_;
  std::thread thread_;
};

// The JSON of a refusal.
http::Response ToResponse(const Refusal& refusal);
// 200 with a JSON body.
http::Response JsonResponse(std::string body);

}  // namespace trivium::payment::sandbox
