// A client that hears the number of each step, also of those whose answer it then loses.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libs/redis/client.h"

namespace trivium::live {

class RecordingClient : public redis::Client {
 public:
  explicit RecordingClient(redis::Client& client) : client_(client) {}

  redis::Outcome Call(const redis::Command& command, absl::Time deadline) override;
  std::vector<redis::Outcome> Pipeline(std::span<const redis::Command> commands, absl::Time deadline) override;
  absl::Status Ready() override { return client_.Ready(); }

  // Of this thread: the number of its last step, 0 when that had none (no generation, or Redis did not execute it);
  // whether the answers of its next steps are lost.
  static int64_t& LastSequence();
  static bool& LoseAnswers();

 private:
  redis::Client& client_;  // Not owned; outlives this.
};

}  // namespace trivium::live
