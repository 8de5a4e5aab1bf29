// An append-only file of lines. Lines that arrive together are written and synced together; what was synced survives
// kill -9 and power loss.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "libs/sync/mutex.h"

namespace trivium::payment::sandbox {

// Thread-safe. After the first write that fails (a full disk) it takes nothing more: memory would run ahead of the
// file.
class Journal {
 public:
  // Opens or makes the file, locks it against a second process, drops a torn last line, and hands every line to replay.
  // Errors: UNAVAILABLE (no such folder, locked), DATA_LOSS with the line's number when replay says false.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path,
                                                       const std::function<bool(std::string_view)>& replay);
  // Writes and syncs what is left.
  ~Journal();

  // Queues lines (without newlines), which may be none. done is called once, by the journal's thread, in order: with OK
  // when these and all earlier lines are on disk, else with the error.
  void Append(std::vector<std::string> lines, std::function<void(const absl::Status&)> done);
  // Replaces the file's contents. Only before the first Append.
  absl::Status Rewrite(const std::vector<std::string>& lines);
  // The error that ended it, or OK.
  absl::Status health() const;
  uint64_t size_at_start() const { return size_at_start_; }

 private:
  struct Batch {
    std::string text;
    std::vector<std::function<void(const absl::Status&)>> done;
  };

  Journal(std::string path, int fd);
  void Run();

  const std::string path_;
  int fd_;  // Changed by Rewrite alone.
  uint64_t size_at_start_ = 0;
  mutable Mutex mu_;
  CondVar wake_;
  Batch next_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status health_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace trivium::payment::sandbox
