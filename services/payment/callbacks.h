// Callbacks of PSPs: POST /psp/<name>/notify. Each is checked, applied, recorded, and answered: 200 when it needs no
// repeat - also when it matches nothing here, for a repeat would not match either - and an error when the PSP should
// send it again.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "services/payment/metrics.h"
#include "services/payment/psp/psp.h"
#include "services/payment/resolver.h"
#include "services/payment/store/store.h"

namespace trivium {
class WorkerPool;
namespace http {
class Server;
struct Request;
struct Response;
}  // namespace http
}  // namespace trivium

namespace trivium::payment {

// Thread-safe.
class Callbacks {
 public:
  // All references outlive it. timeout: to apply one, shorter than PSPs wait (5 s).
  Callbacks(const Psps& psps, Store& store, Resolver& resolver, Clock& clock, PaymentMetrics& metrics,
            absl::Duration timeout = absl::Seconds(4))
      : psps_(psps), store_(store), resolver_(resolver), clock_(clock), metrics_(metrics), timeout_(timeout) {}

  // Before the server's start: a path for each PSP; handlers run on the pool.
  void RegisterOn(http::Server& server, WorkerPool& pool);
  http::Response Handle(const std::string& psp_name, const http::Request& request);

 private:
  // "applied", "already", "contradicts", "unmatched", or "failed" with the error.
  std::string Apply(const PspNotice& notice, absl::Time deadline, absl::Status* error);

  const Psps& psps_;
  Store& store_;
  Resolver& resolver_;
  Clock& clock_;
  PaymentMetrics& metrics_;
  const absl::Duration timeout_;
};

}  // namespace trivium::payment
