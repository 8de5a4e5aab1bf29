// Keeps a product's live events as the feed gives them, and notices what a feed must never do.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "examples/school-day/class_views.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// Thread-safe.
class ClassFold {
 public:
  explicit ClassFold(std::string product) : product_(std::move(product)) {}

  // One event, in the order of the stream.
  void Apply(const LiveEventView& event);

  std::vector<LiveEventView> events() const;
  size_t count() const;
  std::vector<std::string> complaints() const;
  // Why a stay ended; "": it goes on, or is not known.
  std::string LeaveReasonOf(const std::string& join_id) const;
  // State of a room, by its newest event; "": not known.
  std::string StateOf(const std::string& room_id) const;
  // Events of a room and its stays only.
  std::vector<LiveEventView> EventsOf(const std::string& room_id) const;

 private:
  void Complain(const std::string& sentence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string product_;
  mutable Mutex mu_;
  std::vector<LiveEventView> events_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> seen_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::string> left_ ABSL_GUARDED_BY(mu_), states_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> complaints_ ABSL_GUARDED_BY(mu_);  // The first 20.
};

}  // namespace trivium::schoolday
