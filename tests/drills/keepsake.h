// What must be found again in a restored platform.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "tests/drills/payments.h"

namespace trivium::drills {

struct Keepsake {
  std::string run_id, product, room_id;
  std::map<int64_t, Acknowledged> payments;   // By number.
  std::map<std::string, std::string> absent;  // User -> RELIABLE message that waits for it.
  absl::Time end;                             // Of the load: the disaster.
};

absl::Status WriteKeepsake(const Keepsake& keepsake, const std::string& path);
// NOT_FOUND, INVALID_ARGUMENT.
absl::StatusOr<Keepsake> ReadKeepsake(const std::string& path);

// How much of what was acknowledged is there again.
struct Survival {
  int64_t before = 0, before_lost = 0;  // Acknowledged before the backup began.
  int64_t after = 0, after_lost = 0;    // Since then.
  absl::Time holds_until;               // The newest of which all before are there; `end` when nothing is lost.
};
// there: whether the payment of a number was found with its id.
Survival SurvivalOf(const Keepsake& keepsake, absl::Time backup_begin, const std::map<int64_t, bool>& there);

}  // namespace trivium::drills
