#include "services/payment/psp/silence_book.h"

namespace trivium::payment {

void SilenceBook::Answered(const Id& object) {
  MutexLock lock(mu_);
  unanswered_.erase(object);
}

void SilenceBook::NotAnswered(const Id& object) {
  MutexLock lock(mu_);
  ++unanswered_[object];
  if (unanswered_.size() > objects_max_) unanswered_.erase(unanswered_.begin());
}

int SilenceBook::Unanswered(const Id& object) const {
  MutexLock lock(mu_);
  const auto found = unanswered_.find(object);
  return found == unanswered_.end() ? 0 : found->second;
}

size_t SilenceBook::size() const {
  MutexLock lock(mu_);
  return unanswered_.size();
}

}  // namespace trivium::payment
