#include "libs/telemetry/trace.h"

#include <sys/random.h>

#include <algorithm>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/text/view.h"

namespace trivium {
namespace {

constexpr size_t kHeaderLength = 55;   // Version 00; later versions may append "-..." to it.
constexpr uint8_t kKnownFlags = 0x03;  // Sampled, random trace id.

bool IsLowerHex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }
bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

// The kernel's random bytes, fetched many at a time: a call needs some ids, and each fetch is a system call.
class RandomBytes {
 public:
  // Valid until the next call. bytes: at most 16.
  std::string_view Take(size_t bytes) {
    if (bytes > sizeof(bytes_) - used_) Fill();
    used_ += bytes;
    return {bytes_ + used_ - bytes, bytes};
  }

 private:
  void Fill() {
    while (getrandom(bytes_, sizeof(bytes_), 0) != static_cast<ssize_t>(sizeof(bytes_))) {
    }
    used_ = 0;
  }

  char bytes_[256];  // A fetch of up to 256 bytes is never cut short by a signal.
  size_t used_ = sizeof(bytes_);
};

// `bytes` random bytes in hexadecimal, not all zero.
std::string RandomHex(size_t bytes) {
  thread_local RandomBytes random;
  std::string_view raw;
  do {
    raw = random.Take(bytes);
  } while (std::all_of(raw.begin(), raw.end(), [](char c) { return c == 0; }));
  return absl::BytesToHexString(ToAbsl(raw));
}

// 00-<32>-<16>-<2>
std::optional<TraceContext> Parse(std::string_view header) {
  if (header.size() < kHeaderLength) return std::nullopt;
  const std::string_view version = header.substr(0, 2), trace_id = header.substr(3, 32),
                         span_id = header.substr(36, 16), flags = header.substr(53, 2);
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  if (!IsLowerHex(version) || !IsLowerHex(trace_id) || !IsLowerHex(span_id) || !IsLowerHex(flags)) return std::nullopt;
  if (version == "ff" || IsZero(trace_id) || IsZero(span_id)) return std::nullopt;
  if (header.size() > kHeaderLength && (version == "00" || header[kHeaderLength] != '-')) return std::nullopt;
  const auto flag_bits = static_cast<uint8_t>(absl::HexStringToBytes(ToAbsl(flags))[0]);
  return TraceContext{std::string(trace_id), std::string(span_id), static_cast<uint8_t>(flag_bits & kKnownFlags)};
}

thread_local const TraceContext* current_trace = nullptr;

}  // namespace

TraceContext TraceContext::NewRoot() { return {RandomHex(16), RandomHex(8), 0}; }

TraceContext TraceContext::FromHeader(std::string_view traceparent) {
  const auto parsed = Parse(traceparent);
  return parsed ? parsed->Child() : NewRoot();
}

TraceContext TraceContext::Child() const { return {trace_id, RandomHex(8), flags}; }

std::string TraceContext::ToHeader() const {
  return absl::StrCat("00-", trace_id, "-", span_id, "-", absl::Hex(flags, absl::kZeroPad2));
}

struct ScopedTrace::State {
  State(const TraceContext& context, std::string_view product)
      : trace(context), log_context(context.trace_id, product), previous(current_trace) {}
  const TraceContext trace;
  log::ScopedContext log_context;
  const TraceContext* previous;
};

ScopedTrace::ScopedTrace(const TraceContext& trace, std::string_view product) : state_(new State(trace, product)) {
  current_trace = &state_->trace;
}

ScopedTrace::~ScopedTrace() {
  current_trace = state_->previous;
  delete state_;
}

const TraceContext* ScopedTrace::Current() { return current_trace; }

}  // namespace trivium
