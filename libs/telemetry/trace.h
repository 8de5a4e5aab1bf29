// W3C Trace Context: the header "traceparent" in gRPC metadata, HTTP and Kafka (https://www.w3.org/TR/trace-context/).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trivium {

struct TraceContext {
  std::string trace_id;  // 32 lower-case hexadecimal digits, not all zero.
  std::string span_id;   // 16 of them: the span that is running here.
  uint8_t flags = 0;     // Bit 0: sampled.

  // A new trace with a random id.
  static TraceContext NewRoot();
  // The trace that a header continues, with a new span id; a new root when the header is missing or malformed.
  static TraceContext FromHeader(std::string_view traceparent);
  // A new span of the same trace: what a call to the outside carries.
  TraceContext Child() const;
  // "00-<trace_id>-<span_id>-<flags>".
  std::string ToHeader() const;
};

inline constexpr std::string_view kTraceparent = "traceparent";

// The trace of this thread: set by libs/rpc, libs/http and libs/kafka around a handler; their clients send it on. Also
// sets the log's context.
class ScopedTrace {
 public:
  ScopedTrace(const TraceContext& trace, std::string_view product);
  ~ScopedTrace();
  ScopedTrace(const ScopedTrace&) = delete;
  ScopedTrace& operator=(const ScopedTrace&) = delete;
  // The innermost of this thread, or nullptr.
  static const TraceContext* Current();

 private:
  struct State;
  State* state_;
};

}  // namespace trivium
