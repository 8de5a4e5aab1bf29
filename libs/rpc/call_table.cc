#include "libs/rpc/call_table.h"

namespace trivium::rpc {

std::vector<CallGuard::Running> CallTable::Oldest(size_t max, absl::Duration now) const {
  std::vector<CallGuard::Running> out;
  MutexLock lock(mu_);
  for (const auto& [number, entry] : calls_) {
    if (out.size() == max) break;
    out.push_back({std::string(entry.call->method), entry.call->caller.ToString(), entry.call->product,
                   entry.call->trace.trace_id, now - entry.since});
  }
  return out;
}

}  // namespace trivium::rpc
