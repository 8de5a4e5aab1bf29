#include "libs/event_feed/event_feed.h"

#include <utility>

#include "absl/time/clock.h"
#include "libs/event_feed/event_cursor.h"
#include "libs/log/log.h"

namespace trivium {
namespace {

constexpr absl::Duration kReadTimeout = absl::Seconds(5);

}  // namespace

EventFeed::EventFeed(EventSource& source, EventFeedOptions options) : source_(source), options_(std::move(options)) {}

EventFeed::~EventFeed() { Stop(); }

void EventFeed::Start() {
  thread_ = std::thread([this] { Run(); });
}

void EventFeed::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void EventFeed::Add(const std::string& product, int64_t after, std::shared_ptr<EventSink> sink) {
  const EventSink* key = sink.get();
  MutexLock lock(mu_);
  readers_[key] = std::make_shared<Reader>(Reader{product, after, std::move(sink)});
  TellReaders();
  woken_ = true;
  wake_.NotifyAll();
}

void EventFeed::Remove(const EventSink* sink) {
  MutexLock lock(mu_);
  readers_.erase(sink);
  TellReaders();
}

void EventFeed::Resume(const EventSink* sink) {
  MutexLock lock(mu_);
  const auto it = readers_.find(sink);
  if (it == readers_.end()) return;
  it->second->resumed = true;
  woken_ = true;
  wake_.NotifyAll();
}

void EventFeed::Wake() {
  MutexLock lock(mu_);
  woken_ = true;
  wake_.NotifyAll();
}

void EventFeed::TellReaders() {
  if (options_.on_readers) options_.on_readers(static_cast<int>(readers_.size()));
}

void EventFeed::Run() {
  for (;;) {
    std::map<std::string, Readers> by_product;
    {
      MutexLock lock(mu_);
      if (!woken_ && !stopping_) wake_.WaitFor(mu_, options_.poll);
      if (stopping_) return;
      woken_ = false;
      by_product = TakeReaders();
    }
    for (const auto& [product, readers] : by_product) Feed(product, readers);
  }
}

std::map<std::string, EventFeed::Readers> EventFeed::TakeReaders() {
  std::map<std::string, Readers> by_product;
  int full = 0;
  for (const auto& [sink, reader] : readers_) {
    // It may have been resumed before the feeding thread had noted that it was full: that counts, too.
    if (reader->full) reader->full = !std::exchange(reader->resumed, false);
    if (reader->full) {
      ++full;
    } else {
      by_product[reader->product].push_back(reader);
    }
  }
  if (options_.on_full_readers) options_.on_full_readers(full);
  return by_product;
}

void EventFeed::Feed(const std::string& product, const Readers& readers) {
  const absl::StatusOr<EventRange> range = source_.RangeOfEvents(product, absl::Now() + kReadTimeout);
  if (!range.ok()) {
    // Readers wait: the next look may succeed.
    TRIVIUM_LOG(kWarning, "events could not be read", {"product", product}, {"error", range.status()});
    return;
  }
  for (const std::shared_ptr<Reader>& reader : readers) FeedOne(*reader, *range);
}

void EventFeed::FeedOne(Reader& reader, const EventRange& range) {
  if (reader.after == 0) reader.after = range.oldest - 1;
  if (reader.after > range.newest) return reader.sink->Finish(CursorInvalid());
  if (reader.after < range.oldest - 1) return reader.sink->Finish(CursorTooOld());
  if (reader.after == range.newest) return;
  const absl::StatusOr<std::vector<StoredEvent>> events =
      source_.ListEvents(reader.product, reader.after, kReaderQueueMax, absl::Now() + kReadTimeout);
  if (!events.ok()) return;
  for (const StoredEvent& stored : *events) {
    if (!reader.sink->Write(stored.payload, EventCursor(reader.product, stored.seq))) {
      reader.full = true;
      return;
    }
    reader.after = stored.seq;
  }
  // There may be more of them.
  if (reader.after < range.newest) Wake();
}

}  // namespace trivium
