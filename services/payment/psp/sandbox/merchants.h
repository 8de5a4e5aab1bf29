// The sandbox's merchants: a product's secret there. A file of lines `name: "secret"`, read again when it changes, so
// that a new product needs no restart.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"

namespace trivium::payment::sandbox {

// Thread-safe.
class Merchants {
 public:
  Merchants(std::string path, Clock& clock) : path_(std::move(path)), clock_(clock) {}
  // Reads the file; INVALID_ARGUMENT with the line when it is malformed.
  absl::Status Load();
  // Looks at the file again at most once a second.
  std::optional<std::string> SecretOf(const std::string& product);

 private:
  absl::Status Reload() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string path_;
  Clock& clock_;
  Mutex mu_;
  absl::Duration looked_at_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
  int64_t changed_ns_ ABSL_GUARDED_BY(mu_) = 0;  // The file's time when it was read.
  std::map<std::string, std::string> secrets_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::payment::sandbox
