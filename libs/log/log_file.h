// The file behind the log: appends lines, rotates by size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace trivium::log {

// Not thread-safe. Nothing here blocks longer than write(2), and no failure is final: the next line is tried again.
class LogFile {
 public:
  LogFile() = default;
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // path: empty for standard error, "-" for standard output; neither is rotated. Replaces what was open; on an error that stays.
  absl::Status Open(const std::string& path, uint64_t max_bytes, int keep_files);
  // Appends with one write(2). False when the line is lost: a full disk, a closed pipe.
  bool Append(std::string_view line);

 private:
  void Rotate();
  void Close();

  std::string path_;  // Empty: a stream that we did not open.
  uint64_t max_bytes_ = 0;
  int keep_files_ = 0;
  int fd_ = 2;
  uint64_t size_ = 0;
  bool torn_ = false;  // The last line was written in part: the next begins on a line of its own.
};

}  // namespace trivium::log
