// A step that one instance does at a time, by a lease.
#pragma once

#include <string>
#include <utility>

#include "libs/ha/lease.h"

namespace trivium::live {

// Not thread-safe: of one worker's thread.
class Leader {
 public:
  // store and clock outlive it.
  Leader(std::string resource, std::string holder, ha::LeaseStore& store, Clock& clock)
      : lease_({.resource = std::move(resource), .holder = std::move(holder)}, store, clock) {}
  ~Leader() { lease_.Release(); }
  // Whether this instance leads now. Call it before every step.
  bool Leads() {
    lease_.Tick();
    return lease_.Held();
  }

 private:
  ha::Lease lease_;
};

}  // namespace trivium::live
