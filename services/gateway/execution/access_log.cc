#include "services/gateway/execution/access_log.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr Metric kLeftOut{"trivium_gateway_access_lines_left_out_total",
                          "Lines of the access log over its limit of lines per second."};
constexpr size_t kSampledDigits = 8;  // Of a trace id: 32 bits.

}  // namespace

std::string Masked(std::string_view address) {
  const size_t dot = address.rfind('.');
  if (dot != address.npos) return std::string(address.substr(0, dot)) + ".0";
  size_t end = 0;
  for (int groups = 0; groups < 3 && end != address.npos; ++groups) end = address.find(':', end == 0 ? 0 : end + 1);
  return end == address.npos ? "" : std::string(address.substr(0, end)) + "::";
}

AccessLog::AccessLog(AccessLogOptions options, Clock& clock, Metrics& metrics)
    : options_(options),
      lines_(options.lines_per_second, std::max(1.0, options.lines_per_second), clock),
      left_out_(metrics.GetCounter(kLeftOut)) {}

bool AccessLog::IsSampled(const TraceContext& trace) const {
  uint32_t place = 0;
  if (options_.sample >= 1) return true;
  return absl::SimpleHexAtoi(ToAbsl(std::string_view(trace.trace_id).substr(0, kSampledDigits)), &place) &&
         place < options_.sample * 4294967296.0;
}

void AccessLog::Write(const TraceContext& trace, const AccessRecord& record) {
  if (options_.lines_per_second <= 0) return;
  if (record.status.ok() && !IsSampled(trace)) return;
  if (lines_.Take() != absl::ZeroDuration()) return left_out_.Add();
  const log::ScopedContext context(trace.trace_id, record.product);
  log::Write(log::Level::kInfo, record.what,
             {{"access", true},
              {"via", record.via},
              {"command", record.command},
              {"code", absl::StatusCodeToString(record.status.code())},
              {"reason", record.reason},
              {"ms", absl::ToDoubleMilliseconds(record.took)},
              {"bytes_in", record.bytes_in},
              {"bytes_out", record.bytes_out},
              {"peer", Masked(record.peer)}});
}

}  // namespace trivium::gateway
