// Folds push's event stream into the states that it tells, and notices what a stream must never do.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "examples/school-day/message_views.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// Thread-safe.
class MessageFold {
 public:
  explicit MessageFold(std::string product) : product_(std::move(product)) {}

  // One event, in the order of the stream.
  void Apply(const std::string& event_id, const std::string& product, const MessageView& message);

  std::map<std::string, MessageView> messages() const;
  std::vector<std::string> complaints() const;
  size_t events() const;

 private:
  void Complain(const std::string& sentence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string product_;
  mutable Mutex mu_;
  std::map<std::string, MessageView> messages_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> seen_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> complaints_ ABSL_GUARDED_BY(mu_);  // The first 20.
};

}  // namespace trivium::schoolday
