// What the protobuf library has to say, in our log and within bounds: hostile bytes (invalid UTF-8 in a string, say)
// make it write a line each, by default to standard error.
#pragma once

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::server {

// From now on, for the whole process; the last call counts. Both live for ever. At most 10 lines at once and one a
// second; the rest is counted alone, in trivium_protobuf_log_lines_total. A fatal line is always written.
void CaptureProtobufLog(Clock& clock, Metrics& metrics);

}  // namespace trivium::server
