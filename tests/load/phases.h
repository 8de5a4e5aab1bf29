// The phases of the load.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/load/payer.h"
#include "tests/load/payment_api.h"
#include "tests/load/samples.h"

namespace trivium::load {

struct Phase {
  int concurrency = 1;
  absl::Duration length;
};

// Closed loop of CreatePayment: `concurrency` calls are always under way. next: number of the run's next payment.
PhaseResult RunCreates(const Phase& phase, PaymentApi& api, std::atomic<int64_t>& next);

// Closed loop of whole life cycles: create, pay, wait for the event of its success, refund a tenth of them and wait for
// that. A life cycle that began within the phase counts when it ends at most 10 s after it.
PhaseResult RunLifeCycles(const Phase& phase, PaymentApi& api, Payer& payer, std::atomic<int64_t>& next);

// Runs a phase and adds the CPU time that it took; cpu gives the server's seconds so far, negative when unknown.
PhaseResult Measure(const std::function<double()>& cpu, const std::function<PhaseResult()>& run);

}  // namespace trivium::load
