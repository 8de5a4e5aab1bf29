// Reads the stream of changes as an outsider would, and finds what must never be: it knows no engine and no model.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/live/admission/admission.h"

namespace trivium::live {

class ChangeAudit {
 public:
  // Takes changes in order. Violations, in words: numbers that do not grow, a seat twice, a stay that begins twice
  // or ends twice or never began, a queue that is not first come, first served.
  void Take(const Change& change);
  // After the loss of Redis: stays that come back resume.
  void Lose() { stays_.clear(); }

  const std::vector<std::string>& violations() const { return violations_; }
  // Participants on a rung outside of the slice, in all rooms; and the most that there ever were.
  int64_t Use(Rung rung) const;
  const PerRung& most() const { return most_; }

 private:
  using Key = std::pair<Id, std::string>;
  void Violation(const Change& change, const std::string& what);
  void CheckSeat(const Change& change);
  void CheckTurn(const Change& change, const Place& before);

  std::map<Key, Place> stays_;
  int64_t last_ = 0;
  PerRung most_{};
  std::vector<std::string> violations_;
};

}  // namespace trivium::live
