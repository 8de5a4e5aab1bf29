#include "services/gateway/commands/live_command_table.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/status/status.h"

namespace trivium::gateway {
namespace {

constexpr Metric kCommands{"trivium_gateway_commands", "Command items in the table."};
constexpr Metric kRefused{"trivium_gateway_config_refused", "Config items that are refused now, by kind.", {"kind"}};
constexpr Metric kRefusals{"trivium_gateway_config_refusals_total", "Config items refused, by kind.", {"kind"}};
constexpr Metric kGeneration{"trivium_gateway_command_table_generation", "How often the command table was swapped."};

constexpr int kMaxReads = 5;  // Of items that change meanwhile; the change that follows brings another Refresh.

// Names and numbers that are taken, while a table is put together.
class Taken {
 public:
  // What an entry clashes with: the same command of the same product, or its number for another command. OK: it is
  // taken now.
  absl::Status Take(const TableEntry& entry) {
    for (const Command* command : {entry.current.get(), entry.previous.get()}) {
      if (command != nullptr) TRIVIUM_RETURN_IF_ERROR(ConflictWith(*command));
    }
    for (const Command* command : {entry.current.get(), entry.previous.get()}) {
      if (command == nullptr) continue;
      names_.emplace(std::pair(command->name, command->product), command->item);
      if (command->number != 0) numbers_.emplace(command->number, command->name);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ConflictWith(const Command& command) const {
    const auto name = names_.find({command.name, command.product});
    if (name != names_.end()) {
      return absl::InvalidArgumentError(absl::StrCat("name: that of item ", name->second, ", want one of a kind"));
    }
    const auto number = numbers_.find(command.number);
    if (number == numbers_.end() || number->second == command.name) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("number: ", command.number, " is that of ", number->second, ", want another"));
  }

  std::map<std::pair<std::string, std::string>, std::string> names_;  // (command, product) -> item.
  std::map<uint32_t, std::string> numbers_;                           // -> command.
};

absl::StatusOr<TableEntry> ToEntry(const CommandItem& item, const std::shared_ptr<const ApiSchema>& schema) {
  TableEntry entry{.percentage = item.percentage};
  TRIVIUM_ASSIGN_OR_RETURN(Command current, ToCommand(item.name, item.value, schema));
  entry.current = std::make_shared<const Command>(std::move(current));
  if (!item.previous) return entry;
  TRIVIUM_ASSIGN_OR_RETURN(Command previous, ToCommand(item.name, *item.previous, schema));
  entry.previous = std::make_shared<const Command>(std::move(previous));
  return entry;
}

}  // namespace

LiveCommandTable::LiveCommandTable(const ConfigSource& source, Metrics& metrics)
    : source_(source),
      command_refusals_(metrics.GetCounter(kRefusals, {std::string(kCommandKind)})),
      schema_refusals_(metrics.GetCounter(kRefusals, {std::string(kDescriptorsKind)})),
      commands_(metrics.GetGauge(kCommands)),
      commands_refused_(metrics.GetGauge(kRefused, {std::string(kCommandKind)})),
      schema_refused_(metrics.GetGauge(kRefused, {std::string(kDescriptorsKind)})),
      generation_gauge_(metrics.GetGauge(kGeneration)),
      table_(std::make_shared<const CommandTable>(std::vector<TableEntry>(), 0)) {}

std::shared_ptr<const CommandTable> LiveCommandTable::Get() const {
  MutexLock lock(mu_);
  return table_;
}

void LiveCommandTable::Refresh() {
  MutexLock lock(refresh_mu_);
  ReadSchema();
  good_ = BuildAll(ReadItems());
  Swap();
}

void LiveCommandTable::ReadSchema() {
  v1::ApiDescriptors descriptors;
  if (!source_.Find(kDescriptorsKind, kDescriptorsName, "", &descriptors)) return;
  std::string bytes = descriptors.SerializeAsString();
  if (bytes == schema_source_) return;
  schema_source_ = std::move(bytes);
  auto schema = ApiSchema::Parse(descriptors.file_descriptor_set(), descriptors.release());
  schema_refused_.Set(schema.ok() ? 0 : 1);
  if (schema.ok()) {
    schema_ = *std::move(schema);
    return;
  }
  schema_refusals_.Add();
  TRIVIUM_LOG(kError, "new API descriptors cannot be used: the last good ones stay", {"release", descriptors.release()},
              {"error", schema.status()});
}

// An item is read by several questions: they must be of one moment.
std::map<std::string, CommandItem> LiveCommandTable::ReadItems() const {
  std::map<std::string, CommandItem> items;
  for (int i = 0; i < kMaxReads; ++i) {
    const int64_t generation = source_.generation();
    items.clear();
    for (const std::string& name : source_.Names(kCommandKind)) {
      if (auto item = ReadCommandItem(source_, name)) {
        items.emplace(name, *std::move(item));
      } else if (const auto last = good_.find(name); last != good_.end()) {
        TRIVIUM_LOG(kError, "a command cannot be read: its last good version stays", {"command", name});
        items.emplace(name, last->second.item);
      }
    }
    if (source_.generation() == generation) break;
  }
  return items;
}

bool LiveCommandTable::IsIn(const Items& items, const CommandItem& item) {
  const auto found = items.find(item.name);
  return found != items.end() && found->second.item == item;
}

// Those that have not changed first: of two that clash, the new one is refused.
LiveCommandTable::Items LiveCommandTable::BuildAll(std::map<std::string, CommandItem> items) {
  Items built;
  Taken taken;
  int refused = 0;
  for (const bool known : {true, false}) {
    for (auto& [name, item] : items) {
      if (IsIn(good_, item) != known) continue;
      absl::StatusOr<TableEntry> entry = ToEntry(item, schema_);
      absl::Status status = entry.ok() ? taken.Take(*entry) : entry.status();
      if (status.ok()) {
        built.emplace(name, Built{item, *std::move(entry)});
        continue;
      }
      ++refused;
      command_refusals_.Add();
      const auto last = good_.find(name);
      const bool stays = last != good_.end() && taken.Take(last->second.entry).ok();
      if (stays) built.insert(*last);
      TRIVIUM_LOG(kError, "a command cannot be used", {"command", name}, {"last_good_stays", stays}, {"error", status});
    }
  }
  commands_refused_.Set(refused);
  return built;
}

void LiveCommandTable::Swap() {
  std::vector<TableEntry> entries;
  for (const auto& [name, built] : good_) entries.push_back(built.entry);
  auto table = std::make_shared<const CommandTable>(std::move(entries), ++generation_);
  commands_.Set(static_cast<double>(table->size()));
  generation_gauge_.Set(static_cast<double>(generation_));
  MutexLock lock(mu_);
  table_.swap(table);
}

}  // namespace trivium::gateway
