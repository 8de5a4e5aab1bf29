#include "examples/school-day/event_watcher.h"

#include <chrono>
#include <utility>

namespace trivium::schoolday {

EventWatcher::EventWatcher(ProductClient& client, EventFold& fold, std::string cursor)
    : client_(client), fold_(fold), cursor_(std::move(cursor)), thread_([this] { Run(); }) {}

EventWatcher::~EventWatcher() { Stop(); }

void EventWatcher::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void EventWatcher::Run() {
  while (!stop_) {
    // Broken streams are the day's weather; what they lose shows in the fold.
    client_
        .WatchEvents(cursor_, stop_,
                     [this](const EventView& event) {
                       if (event.has_payment) {
                         fold_.Apply(event.event_id, event.product, event.payment);
                       } else {
                         fold_.Apply(event.event_id, event.product, event.refund);
                       }
                       cursor_ = event.cursor;
                     })
        .IgnoreError();
    if (stop_) return;
    ++breaks_;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace trivium::schoolday
