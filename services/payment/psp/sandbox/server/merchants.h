// Who may sell through the sandbox: a YAML file of merchant: secret, read again when it changes.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"

namespace trivium::payment::sandbox {

// Thread-safe.
class Merchants {
 public:
  Merchants(std::string path, Clock& clock);
  // INVALID_ARGUMENT with the file and what is wrong in it.
  absl::Status Load();
  // "" for an unknown merchant. Looks at the file at most once a second; a broken one changes nothing and is logged.
  std::string Secret(std::string_view merchant);

 private:
  absl::Status LoadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  int64_t Stamp() const;

  const std::string path_;
  Clock& clock_;
  Mutex mu_;
  std::map<std::string, std::string, std::less<>> secrets_ ABSL_GUARDED_BY(mu_);
  int64_t stamp_ ABSL_GUARDED_BY(mu_) = 0;  // Of the file that was read: modification time and size.
  absl::Duration checked_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::payment::sandbox
