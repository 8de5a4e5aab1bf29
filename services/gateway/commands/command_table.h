// The command table 命令字表: a snapshot of all commands, which calls read without a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/gateway/commands/command.h"

namespace trivium::gateway {

// A config item: one command, or two while a new version is released to a percentage of users.
struct TableEntry {
  std::shared_ptr<const Command> current;   // For users in the release; for all at 100. Never null.
  std::shared_ptr<const Command> previous;  // For the others; null when they have none.
  int percentage = 100;                     // 1-100.
};

// Place of a user in the release of an item, 0-99: users below the percentage get the new version. As
// ConfigItem.percentage says it.
int ReleaseBucket(std::string_view item, std::string_view uid);

// Immutable; thread-safe. What it finds lives as long as it does.
class CommandTable {
 public:
  // entries: whose commands do not clash (see ConflictWith in live_command_table.cc). generation: grows with every
  // table.
  CommandTable(std::vector<TableEntry> entries, int64_t generation);
  CommandTable(const CommandTable&) = delete;  // Its rows point into it.
  CommandTable& operator=(const CommandTable&) = delete;

  // The command that a product's clients mean: the product's own before that of all products. uid decides between the
  // versions of a release;
  // "" (a call without a user) gets the old one. nullptr: there is none for this product. Does not allocate, but for an
  // item under release.
  const Command* Find(std::string_view product, std::string_view name, std::string_view uid) const;
  const Command* FindByNumber(std::string_view product, uint32_t number, std::string_view uid) const;
  // The first by name of the commands that name this method ("trivium.push.v1.PushService/Publish") and that a
  // credential of this scope may call: those of its own scope, then those that want none. When there is none, the first
  // of any scope, so that the caller can be told what it lacks.
  const Command* FindByMethod(std::string_view product, std::string_view method, AuthScope scope,
                              std::string_view uid) const;
  // All that Find finds for a product without a user, by name.
  std::vector<const Command*> View(std::string_view product) const;

  int64_t generation() const { return generation_; }
  size_t size() const { return entries_.size(); }

 private:
  using Rows = std::vector<const TableEntry*>;  // All that share a name or number; few.

  template <typename Same>
  static const Command* Choose(const Rows& rows, std::string_view product, std::string_view uid, Same same);

  const std::vector<TableEntry> entries_;
  const int64_t generation_;
  absl::flat_hash_map<std::string, Rows> by_name_;
  absl::flat_hash_map<uint32_t, Rows> by_number_;
  absl::flat_hash_map<std::string, std::vector<std::string>> names_by_method_;  // Sorted.
};

}  // namespace trivium::gateway
