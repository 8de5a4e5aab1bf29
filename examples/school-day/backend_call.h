// How a product's backend calls the platform: stock gRPC, the product's certificate, and retries with the same request.
// For .cc files.
#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/school-day/backend_options.h"
#include "examples/school-day/latency.h"

namespace trivium::schoolday {

// NOT_FOUND when a file of pki cannot be read.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenBackendChannel(const BackendOptions& options);

// With the API's reason.
absl::Status ToStatus(const grpc::Status& status);

// UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED, ABORTED, and RESOURCE_EXHAUSTED but for what stays so: an audience that is
// too large, a class that is full. CANCELLED too: this client cancels nothing, and gRPC answers so a call that reaches
// a server in the moment of its stop.
bool IsWorthAnotherTry(const absl::Status& status);

// 50 ms, doubling to 1 s, each between half and whole.
absl::Duration Pause(int tries);

// Calls until it is answered or the patience is over. *tries: how often; may be null.
template <typename Answer, typename Stub, typename Method, typename Request>
absl::StatusOr<Answer> CallPatiently(Stub& stub, const char* name, Method method, const Request& request,
                                     const BackendOptions& options, Latencies& latencies, int* tries_made = nullptr) {
  const absl::Time give_up = absl::Now() + options.patience;
  for (int tries = 0;; ++tries) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + options.call_timeout));
    Answer answer;
    const absl::Time start = absl::Now();
    const grpc::Status status = (stub.*method)(&context, request, &answer);
    if (tries_made != nullptr) *tries_made = tries + 1;
    if (status.ok() || !IsWorthAnotherTry(ToStatus(status)) || absl::Now() > give_up) {
      latencies.Answered(name, absl::Now() - start);
      if (status.ok()) return answer;
      return ToStatus(status);
    }
    latencies.Retried(name);
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(Pause(tries)));
  }
}

// The cursor after the newest event. list: answers a ListEventsRequest.
template <typename Request, typename List>
absl::StatusOr<std::string> ReadNewestCursor(const List& list) {
  Request request;
  request.set_page_size(1000);
  while (true) {
    const auto page = list(request);
    if (!page.ok()) return page.status();
    if (page->events().empty()) return request.cursor();
    request.set_cursor(page->next_cursor());
  }
}

// One stream of WatchEvents, until it breaks or `stop` is set (checked every 200 ms).
template <typename Request, typename Event, typename Stub, typename Receive>
absl::Status ReadEvents(Stub& stub, const std::string& cursor, const std::atomic<bool>& stop, const Receive& receive) {
  grpc::ClientContext context;
  Request request;
  request.set_cursor(cursor);
  const auto reader = stub.WatchEvents(&context, request);
  std::atomic<bool> ended = false;
  std::thread stopper([&] {
    while (!stop && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    context.TryCancel();
  });
  Event event;
  while (reader->Read(&event)) receive(event);
  ended = true;
  stopper.join();
  return ToStatus(reader->Finish());
}

}  // namespace trivium::schoolday
