// The command table of now: built anew when config changes, swapped under running calls.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/commands/command_table.h"
#include "services/gateway/commands/config_source.h"

namespace trivium::gateway {

// Thread-safe. A bad item is refused whole, with a line in the log and metrics: descriptors that do not build leave the
// last good ones in use; a command that cannot be used (with these descriptors, or beside the others) leaves its own
// last good version in use, with the descriptors that it was built for. The other commands are not held up by it.
class LiveCommandTable {
 public:
  // source and metrics outlive it. Empty until the first Refresh.
  LiveCommandTable(const ConfigSource& source, Metrics& metrics);

  // Reads all items and swaps the table. On every change of the source: watcher.OnChange([&] { table.Refresh(); }).
  void Refresh();
  // Never null. Holds a lock for the copy of a pointer.
  std::shared_ptr<const CommandTable> Get() const;

 private:
  // An item and what was made of it.
  struct Built {
    CommandItem item;
    TableEntry entry;
  };
  using Items = std::map<std::string, Built>;  // By item name.

  static bool IsIn(const Items& items, const CommandItem& item);
  void ReadSchema() ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mu_);
  std::map<std::string, CommandItem> ReadItems() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mu_);
  Items BuildAll(std::map<std::string, CommandItem> items) ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mu_);
  void Swap() ABSL_EXCLUSIVE_LOCKS_REQUIRED(refresh_mu_);

  const ConfigSource& source_;
  Counter &command_refusals_, &schema_refusals_;
  Gauge &commands_, &commands_refused_, &schema_refused_, &generation_gauge_;
  Mutex refresh_mu_;                                        // One Refresh at a time; taken before mu_.
  std::string schema_source_ ABSL_GUARDED_BY(refresh_mu_);  // Serialized ApiDescriptors that were tried last.
  std::shared_ptr<const ApiSchema> schema_ ABSL_GUARDED_BY(refresh_mu_);  // Last good; null: none yet.
  Items good_ ABSL_GUARDED_BY(refresh_mu_);
  int64_t generation_ ABSL_GUARDED_BY(refresh_mu_) = 0;
  mutable Mutex mu_;
  std::shared_ptr<const CommandTable> table_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::gateway
