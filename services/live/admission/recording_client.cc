#include "services/live/admission/recording_client.h"

#include "libs/status/error.h"

namespace trivium::live {
namespace {

// Answers are {code, number, ...}, batches are arrays of these, and a generation is {number, ...}.
int64_t SequenceOf(const redis::Reply& reply) {
  const auto parts = reply.Array();
  if (!parts.ok() || parts->empty()) return 0;
  if ((*parts)[0].type() == redis::Reply::Type::kArray) return SequenceOf((*parts)[0]);
  const int64_t first = (*parts)[0].Integer().value_or(0);
  return first > 1000 || parts->size() < 2 ? first : (*parts)[1].Integer().value_or(0);
}

}  // namespace

int64_t& RecordingClient::LastSequence() {
  thread_local int64_t sequence = 0;
  return sequence;
}

bool& RecordingClient::LoseAnswers() {
  thread_local bool lose = false;
  return lose;
}

redis::Outcome RecordingClient::Call(const redis::Command& command, absl::Time deadline) {
  return Pipeline({&command, 1}, deadline)[0];
}

std::vector<redis::Outcome> RecordingClient::Pipeline(std::span<const redis::Command> commands, absl::Time deadline) {
  std::vector<redis::Outcome> outcomes = client_.Pipeline(commands, deadline);
  LastSequence() = outcomes[0].ok() ? SequenceOf(*outcomes[0]) : 0;
  if (LoseAnswers()) {
    const absl::Status lost = Error(absl::StatusCode::kUnknown, "REDIS_OUTCOME_UNKNOWN", "lost on purpose");
    for (redis::Outcome& outcome : outcomes) outcome = lost;
  }
  return outcomes;
}

}  // namespace trivium::live
