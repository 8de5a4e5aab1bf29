// For tests: a pool on which the outcome of transactions becomes unknown.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>

#include "libs/mysql/mysql.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::mysql {

// kAnswer: it was committed, and the answer to COMMIT is lost. kCommit: COMMIT never arrived.
enum class Lost { kNothing, kAnswer, kCommit };

// Thread-safe.
class LossyPool : public Pool {
 public:
  // pool outlives it.
  explicit LossyPool(Pool& pool) : pool_(pool) {}
  // Of the next transactions.
  void Lose(Lost what, int times = 1) {
    what_ = what;
    left_ = times;
  }

  absl::Status Transact(std::string_view name, absl::Time deadline,
                        const std::function<absl::Status(Connection&)>& body) override {
    const Lost lost = left_.fetch_sub(1) > 0 ? what_.load() : Lost::kNothing;
    if (lost == Lost::kCommit) {
      const absl::Status aborted = pool_.Transact(name, deadline, [&](Connection& db) -> absl::Status {
        TRIVIUM_RETURN_IF_ERROR(body(db));
        return absl::CancelledError("rolled back");
      });
      if (aborted.code() != absl::StatusCode::kCancelled) return aborted;
      return Error(absl::StatusCode::kUnknown, "COMMIT_OUTCOME_UNKNOWN", "lost");
    }
    const absl::Status status = pool_.Transact(name, deadline, body);
    if (!status.ok() || lost == Lost::kNothing) return status;
    return Error(absl::StatusCode::kUnknown, "COMMIT_OUTCOME_UNKNOWN", "lost");
  }
  absl::Status Use(std::string_view name, absl::Time deadline,
                   const std::function<absl::Status(Connection&)>& body) override {
    return pool_.Use(name, deadline, body);
  }
  absl::Status Ping() override { return pool_.Ping(); }

 private:
  Pool& pool_;
  std::atomic<Lost> what_ = Lost::kNothing;
  std::atomic<int> left_ = 0;
};

}  // namespace trivium::mysql
