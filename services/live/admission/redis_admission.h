// The engine of production: one atomic script for each step, all keys of a cell in one slot.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "services/live/admission/admission.h"
#include "services/live/admission/options.h"

namespace trivium::redis {
class Client;
}

namespace trivium::live {

// The client outlives it. INVALID_ARGUMENT FIELD_INVALID for wrong options. The server must not evict keys
// (maxmemory-policy noeviction or volatile-*: these keys have no TTL).
absl::StatusOr<std::unique_ptr<Admission>> NewRedisAdmission(AdmissionOptions options, redis::Client& client);

}  // namespace trivium::live
