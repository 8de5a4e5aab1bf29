// ListEvents and WatchEvents over a service's own messages. Event has set_cursor; the request cursor and page_size; the
// response events and next_cursor, as in trivium.payment.v1.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/event_feed/event_cursor.h"
#include "libs/event_feed/event_feed.h"
#include "libs/event_feed/event_source.h"
#include "libs/rpc/call_guard.h"
#include "libs/rpc/stream.h"
#include "libs/status/status.h"

namespace trivium {

// INVALID_ARGUMENT CURSOR_INVALID; OUT_OF_RANGE CURSOR_TOO_OLD; what the source answers.
template <typename Request, typename Response>
absl::Status ListEventsAfter(EventSource& source, const std::string& product, const Request& request,
                             absl::Time deadline, Response* response) {
  constexpr int kUsualPage = 100, kMaxPage = 1000;
  TRIVIUM_ASSIGN_OR_RETURN(int64_t after, ParseEventCursor(product, request.cursor()));
  TRIVIUM_ASSIGN_OR_RETURN(const EventRange range, source.RangeOfEvents(product, deadline));
  if (request.cursor().empty()) after = range.oldest - 1;
  if (after > range.newest) return CursorInvalid();
  if (after < range.oldest - 1) return CursorTooOld();
  const int limit = request.page_size() == 0 ? kUsualPage : std::min<int>(request.page_size(), kMaxPage);
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<StoredEvent> events, source.ListEvents(product, after, limit, deadline));
  response->set_next_cursor(request.cursor());
  for (const StoredEvent& stored : events) {
    auto* event = response->add_events();
    if (!event->ParseFromString(stored.payload)) return absl::InternalError("a stored event is damaged");
    event->set_cursor(EventCursor(product, stored.seq));
    response->set_next_cursor(event->cursor());
  }
  return absl::OkStatus();
}

// An outgoing stream as the feed sees it.
template <typename Event>
class StreamSink : public EventSink {
 public:
  explicit StreamSink(std::shared_ptr<rpc::OutgoingStream<Event>> stream) : stream_(std::move(stream)) {}
  bool Write(const std::string& payload, const std::string& cursor) override {
    Event event;
    if (!event.ParseFromString(payload)) {
      stream_->Finish(absl::InternalError("a stored event is damaged"));
      return false;
    }
    event.set_cursor(cursor);
    return stream_->Write(std::move(event)) == rpc::WriteResult::kQueued;
  }
  void Finish(const absl::Status& status) override { stream_->Finish(status); }

 private:
  const std::shared_ptr<rpc::OutgoingStream<Event>> stream_;
};

// Serves a WatchEvents call. method: a literal. feed outlives the call.
template <typename Event>
grpc::ServerWriteReactor<Event>* ServeEvents(rpc::CallGuard& guard, grpc::CallbackServerContext* context,
                                             std::string_view method, const std::string& cursor, EventFeed& feed) {
  const auto start_feeding = [&feed, cursor](auto start) {
    const absl::StatusOr<int64_t> after = ParseEventCursor(start.call.product, cursor);
    if (!after.ok()) return start.stream->Finish(after.status());
    const auto sink = std::make_shared<StreamSink<Event>>(start.stream);
    start.on_end([&feed, sink] { feed.Remove(sink.get()); });
    start.stream->OnWritable([&feed, key = sink.get()] { feed.Resume(key); });
    feed.Add(start.call.product, *after, sink);
  };
  return rpc::ServeStream<Event>(guard, context, method, start_feeding, {.queue_max = kReaderQueueMax});
}

}  // namespace trivium
