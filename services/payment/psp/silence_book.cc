#include "services/payment/psp/silence_book.h"

namespace trivium::payment {

void SilenceBook::Answered(const Id& object) {
  MutexLock lock(mu_);
  calls_.erase(object);
}

void SilenceBook::AnsweredWithError(const Id& object) { Count(object, /*answered=*/true); }
void SilenceBook::NotAnswered(const Id& object) { Count(object, /*answered=*/false); }

void SilenceBook::Count(const Id& object, bool answered) {
  MutexLock lock(mu_);
  Calls& calls = calls_[object];
  ++calls.failed;
  calls.unanswered = answered ? 0 : calls.unanswered + 1;
  if (calls_.size() > objects_max_) calls_.erase(calls_.begin());
}

SilenceBook::Calls SilenceBook::Of(const Id& object) const {
  MutexLock lock(mu_);
  const auto found = calls_.find(object);
  return found == calls_.end() ? Calls() : found->second;
}

int SilenceBook::Unanswered(const Id& object) const { return Of(object).unanswered; }
int SilenceBook::Failed(const Id& object) const { return Of(object).failed; }

size_t SilenceBook::size() const {
  MutexLock lock(mu_);
  return calls_.size();
}

}  // namespace trivium::payment
