// Who pays in a life cycle.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/load/load_flags.h"

namespace trivium::load {

// Thread-safe.
class Payer {
 public:
  virtual ~Payer() = default;
  // Pays what the page asks for; returns when the PSP has it.
  virtual absl::Status Pay(const std::string& pay_url) = 0;
  // Whether the PSP knows of the payment afterwards, so that it can be refunded.
  virtual bool CanRefund() const = 0;
};

// As the flags say. NOT_FOUND when the secret cannot be read.
absl::StatusOr<std::unique_ptr<Payer>> NewPayer(const LoadFlags& flags);

// A callback in the sandbox's form (services/payment/psp/sandbox/README.md section 3).
struct SignedCallback {
  std::string notify_url, body, timestamp, nonce, signature;
};
// What the sandbox would send about the trade of a pay URL. INVALID_ARGUMENT when the URL lacks a parameter.
absl::StatusOr<SignedCallback> SignCallback(const std::string& pay_url, const std::string& secret, absl::Time now,
                                            const std::string& nonce);

}  // namespace trivium::load
