// Follows a product's events in a thread of its own: one stream after the other, each from the cursor at which the last
// one broke.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "examples/school-day/event_fold.h"
#include "examples/school-day/product_client.h"

namespace trivium::schoolday {

class EventWatcher {
 public:
  // Begins at cursor. client and fold outlive this.
  EventWatcher(ProductClient& client, EventFold& fold, std::string cursor);
  ~EventWatcher();
  void Stop();
  // Streams that broke and were resumed.
  int breaks() const { return breaks_; }

 private:
  void Run();

  ProductClient& client_;
  EventFold& fold_;
  std::string cursor_;  // Of the last event that was folded; the thread's own.
  std::atomic<bool> stop_ = false;
  std::atomic<int> breaks_ = 0;
  std::thread thread_;
};

}  // namespace trivium::schoolday
