// Which trades and refunds a PSP has not answered about lately, or with errors of its own, and how often in a row. One
// that stays so says nothing about the PSP as a whole, and must not take the threads and the patience that the others
// need.
#pragma once

#include <cstddef>
#include <map>

#include "absl/base/thread_annotations.h"
#include "libs/id/id_value.h"
#include "libs/sync/mutex.h"

namespace trivium::payment {

// From so many calls in a row without an answer on an object counts as silent.
inline constexpr int kSilentAfter = 2;

// Thread-safe. Kept in memory alone: after a restart a silent object is asked about sooner, once.
class SilenceBook {
 public:
  // objects_max: when there are more, the oldest ids are forgotten.
  explicit SilenceBook(size_t objects_max = 10'000) : objects_max_(objects_max) {}

  void Answered(const Id& object);
  // An error costs no time-out: it ends the silence, but not the trouble.
  void AnsweredWithError(const Id& object);
  void NotAnswered(const Id& object);
  // Calls in a row without an answer; 0: the last one was answered, or nothing is known.
  int Unanswered(const Id& object) const;
  bool IsSilent(const Id& object) const { return Unanswered(object) >= kSilentAfter; }
  // Calls in a row that brought nothing: no answer, or an error.
  int Failed(const Id& object) const;
  bool IsTroubled(const Id& object) const { return Failed(object) > 0; }
  size_t size() const;

 private:
  struct Calls {
    int failed = 0, unanswered = 0;  // In a row.
  };
  Calls Of(const Id& object) const;
  void Count(const Id& object, bool answered);

  const size_t objects_max_;
  mutable Mutex mu_;
  std::map<Id, Calls> calls_ ABSL_GUARDED_BY(mu_);  // Ids are ordered by time; at most objects_max_.
};

}  // namespace trivium::payment
