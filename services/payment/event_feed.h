// Feeds WatchEvents streams: one thread reads each product's new events and hands them to its readers. It looks when it
// is woken and every `poll`, since other instances commit events too. A slow reader's queue fills; then nothing is read
// for it until it says that there is room: it slows its own stream only, and goes on where it was.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "services/payment/metrics.h"
#include "services/payment/store/store.h"

namespace trivium::payment {
namespace v1 {
class Event;
}

// Events that wait for a slow reader, and that are read for one at once.
inline constexpr int kReaderQueueMax = 64;

// Where a reader's events go. Thread-safe.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // false: no room now, and the feed's Resume follows when there is; or the stream is over.
  virtual bool Write(const v1::Event& event) = 0;
  virtual void Finish(const absl::Status& status) = 0;
};

// Thread-safe.
class EventFeed {
 public:
  // All references outlive it.
  EventFeed(Store& store, PaymentMetrics& metrics, absl::Duration poll = absl::Milliseconds(100));
  ~EventFeed();
  void Start();
  void Stop();
  // after: place of the last event that the reader has; 0: from the oldest that is kept. Does not block.
  void Add(const std::string& product, int64_t after, std::shared_ptr<EventSink> sink);
  void Remove(const EventSink* sink);
  // A reader whose Write was refused has room again.
  void Resume(const EventSink* sink);
  // There are new events.
  void Wake();

 private:
  struct Reader {
    std::string product;
    int64_t after = 0;
    std::shared_ptr<EventSink> sink;
    bool full = false;     // Refused an event. The feeding thread's own.
    bool resumed = false;  // Has room since then. Under mu_.
  };
  using Readers = std::vector<std::shared_ptr<Reader>>;

  void Run();
  // By product, those that have room.
  std::map<std::string, Readers> TakeReaders() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Feed(const std::string& product, const Readers& readers);
  void FeedOne(Reader& reader, const EventRange& range);

  Store& store_;
  PaymentMetrics& metrics_;
  const absl::Duration poll_;
  Mutex mu_;
  CondVar wake_;
  bool woken_ ABSL_GUARDED_BY(mu_) = false, stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::map<const EventSink*, std::shared_ptr<Reader>> readers_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace trivium::payment
