#include "libs/server/protobuf_log.h"

#include <google/protobuf/stubs/logging.h>

#include <atomic>
#include <string>

#include "libs/clock/clock.h"
#include "libs/ha/token_bucket.h"
#include "libs/log/log.h"
#include "libs/telemetry/metrics.h"

namespace trivium::server {
namespace {

constexpr Metric kLines{"trivium_protobuf_log_lines_total",
                        "Lines that the protobuf library had to say, mostly of bytes that are no message; most of them "
                        "are not written."};
constexpr double kLinesPerSecond = 1, kLinesAtOnce = 10;

struct Capture {
  Capture(Clock& clock, Metrics& metrics)
      : lines(metrics.GetCounter(kLines)), written(kLinesPerSecond, kLinesAtOnce, clock) {}
  Counter& lines;
  ha::TokenBucket written;
};

// The library takes a plain function, and may call it until the process ends.
std::atomic<Capture*> current{nullptr};

log::Level LevelOf(google::protobuf::LogLevel level) {
  if (level >= google::protobuf::LOGLEVEL_ERROR) return log::Level::kError;
  return level == google::protobuf::LOGLEVEL_WARNING ? log::Level::kWarning : log::Level::kInfo;
}

void OnLine(google::protobuf::LogLevel level, const char* file, int line, const std::string& message) {
  Capture& capture = *current.load();
  capture.lines.Add();
  if (level != google::protobuf::LOGLEVEL_FATAL && capture.written.Take() != absl::ZeroDuration()) return;
  if (LevelOf(level) < log::GetLevel()) return;
  log::Write(LevelOf(level), "protobuf", {{"what", message}, {"file", file}, {"line", line}});
}

}  // namespace

void CaptureProtobufLog(Clock& clock, Metrics& metrics) {
  current.store(new Capture(clock, metrics));
  google::protobuf::SetLogHandler(&OnLine);
}

}  // namespace trivium::server
