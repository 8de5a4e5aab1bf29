// Feeds WatchEvents streams: one thread reads each product's new events and hands them to its readers. It looks when it
// is woken and every `poll`, since other instances commit events too. A slow reader's queue fills; then nothing is read
// for it until it says that there is room: it slows its own stream only, and goes on where it was.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/event_feed/event_source.h"
#include "libs/sync/mutex.h"

namespace trivium {

// Events that wait for a slow reader, and that are read for one at once.
inline constexpr int kReaderQueueMax = 64;

// Where a reader's events go. Thread-safe.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // false: no room now, and the feed's Resume follows when there is; or the stream is over.
  virtual bool Write(const std::string& payload, const std::string& cursor) = 0;
  virtual void Finish(const absl::Status& status) = 0;
};

struct EventFeedOptions {
  absl::Duration poll = absl::Milliseconds(100);
  // For gauges; must not block, nor call the feed. May be empty.
  std::function<void(int)> on_readers;       // How many there are.
  std::function<void(int)> on_full_readers;  // Of these, how many have no room.
};

// Thread-safe.
class EventFeed {
 public:
  // source outlives it.
  explicit EventFeed(EventSource& source, EventFeedOptions options = {});
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
  void TellReaders() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  EventSource& source_;
  const EventFeedOptions options_;
  Mutex mu_;
  CondVar wake_;
  bool woken_ ABSL_GUARDED_BY(mu_) = false, stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::map<const EventSink*, std::shared_ptr<Reader>> readers_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace trivium
