// Live classes under the drill: students who stay and send heartbeats, and others who come and go.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/drills/call_log.h"
#include "tests/drills/flags.h"

namespace trivium::drills {

class Classes {
 public:
  static absl::StatusOr<std::unique_ptr<Classes>> Create(const DrillFlags& flags, const std::string& run_id,
                                                         CallLog& log);
  ~Classes();
  // A class is opened, and the students who stay come in.
  absl::Status Open();
  void Start();
  void Stop();
  // After Stop: how many of those who stay have another stay, another rung, or none. Ends the class.
  int64_t CountLostSeats();
  int64_t seats() const;
  const std::string& room_id() const;

  // Whether the room is there and takes one more student: after a restore.
  absl::Status Visit(const std::string& room_id);

 private:
  struct Impl;
  explicit Classes(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::drills
