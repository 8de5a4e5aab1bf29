// Many connections that do nothing.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/time/clock.h"
#include "libs/status/status.h"
#include "tests/load/cpu_meter.h"
#include "tests/load/fleet.h"
#include "tests/load/gateway_phases.h"
#include "tests/load/process_memory.h"

namespace trivium::load {

using nlohmann::json;

absl::StatusOr<json> MeasureIdle(const GatewayFlags& flags, const std::string& run_id) {
  if (flags.pid == 0)
    return absl::FailedPreconditionError("--pid: want the gateway's process, whose memory is measured");
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<Fleet> fleet,
                           Fleet::Create(flags, {.connections = flags.connections, .room = "load." + run_id}));
  const MemoryUse before = ReadMemoryUse(flags.pid);
  if (before.resident < 0) return absl::FailedPreconditionError("--pid: there is no such process");
  std::fprintf(stderr, "connecting %d clients\n", flags.connections);
  const absl::Time begin = absl::Now();
  TRIVIUM_RETURN_IF_ERROR(fleet->Open(absl::Seconds(180)));
  const double open_seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  // Buffers of the handshakes go back.
  std::this_thread::sleep_for(std::chrono::seconds(5));
  const MemoryUse after = ReadMemoryUse(flags.pid);
  const double cpu = ServerCpuSeconds(flags.pid, "").value_or(0);
  std::this_thread::sleep_for(std::chrono::seconds(flags.seconds));
  const double cores = (ServerCpuSeconds(flags.pid, "").value_or(0) - cpu) / flags.seconds;
  const auto each = [&](int64_t from, int64_t to) { return static_cast<double>(to - from) / flags.connections; };
  std::printf(
      "%d connections in %.1f s, each with its room, its user's and the product's channel: gateway %.0f bytes resident "
      "each; "
      "kernel, both ends: %.0f bytes of slabs, %.0f bytes of TCP buffers each; gateway idles with %.3f cores\n",
      flags.connections, open_seconds, each(before.resident, after.resident), each(before.slab, after.slab),
      each(before.tcp_buffers, after.tcp_buffers), cores);
  // The baseline: the same sockets without a gateway would cost the kernel the same, and no process anything.
  return json{{"connections", flags.connections},
              {"open_seconds", open_seconds},
              {"resident_bytes_before", before.resident},
              {"resident_bytes_after", after.resident},
              {"resident_bytes_each", each(before.resident, after.resident)},
              {"slab_bytes_each", each(before.slab, after.slab)},
              {"tcp_buffer_bytes_each", each(before.tcp_buffers, after.tcp_buffers)},
              {"idle_cores", cores}};
}

}  // namespace trivium::load
