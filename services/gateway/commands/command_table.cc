#include "services/gateway/commands/command_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/control_client/murmur3.h"
#include "libs/text/view.h"
#include "services/gateway/commands/config_source.h"

namespace trivium::gateway {
namespace {

const Command* VersionFor(const TableEntry& entry, std::string_view uid) {
  if (entry.percentage >= 100) return entry.current.get();
  const bool released = !uid.empty() && ReleaseBucket(entry.current->item, uid) < entry.percentage;
  return released ? entry.current.get() : entry.previous.get();
}

void Add(const TableEntry* entry, std::vector<const TableEntry*>* rows) {
  if (rows->empty() || rows->back() != entry) rows->push_back(entry);
}

}  // namespace

int ReleaseBucket(std::string_view item, std::string_view uid) {
  const uint32_t hash = Murmur3(absl::StrCat(ToAbsl(kCommandKind), "/", ToAbsl(item), "/", ToAbsl(uid)));
  return static_cast<int>((uint64_t{hash} * 100) >> 32);
}

CommandTable::CommandTable(std::vector<TableEntry> entries, int64_t generation)
    : entries_(std::move(entries)), generation_(generation) {
  for (const TableEntry& entry : entries_) {
    for (const Command* command : {entry.current.get(), entry.previous.get()}) {
      if (command == nullptr) continue;
      Add(&entry, &by_name_[command->name]);
      if (command->number != 0) Add(&entry, &by_number_[command->number]);
      names_by_method_[command->method].push_back(command->name);
    }
  }
  for (auto& [method, names] : names_by_method_) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }
}

// Versions differ in owner and number, too: the user's version is chosen first, then looked at.
template <typename Same>
const Command* CommandTable::Choose(const Rows& rows, std::string_view product, std::string_view uid, Same same) {
  const Command* shared = nullptr;
  for (const TableEntry* entry : rows) {
    const Command* command = VersionFor(*entry, uid);
    if (command == nullptr || !same(*command)) continue;
    if (command->product == product) return command;
    if (command->product == kAllProducts) shared = command;
  }
  return shared;
}

const Command* CommandTable::Find(std::string_view product, std::string_view name, std::string_view uid) const {
  const auto rows = by_name_.find(ToAbsl(name));
  if (rows == by_name_.end()) return nullptr;
  return Choose(rows->second, product, uid, [](const Command&) { return true; });
}

const Command* CommandTable::FindByNumber(std::string_view product, uint32_t number, std::string_view uid) const {
  const auto rows = by_number_.find(number);
  if (rows == by_number_.end()) return nullptr;
  return Choose(rows->second, product, uid, [&](const Command& command) { return command.number == number; });
}

// Of a name the product's own version is meant, also where a version of all products names the method.
const Command* CommandTable::FindByMethod(std::string_view product, std::string_view method, AuthScope scope,
                                          std::string_view uid) const {
  const auto names = names_by_method_.find(ToAbsl(method));
  if (names == names_by_method_.end()) return nullptr;
  const Command *open = nullptr, *any = nullptr;
  for (const std::string& name : names->second) {
    const Command* command = Find(product, name, uid);
    if (command == nullptr || command->method != method) continue;
    if (command->auth_scope == scope) return command;
    if (open == nullptr && command->auth_scope == AuthScope::kNone) open = command;
    if (any == nullptr) any = command;
  }
  return open != nullptr ? open : any;
}

std::vector<const Command*> CommandTable::View(std::string_view product) const {
  std::vector<const Command*> view;
  for (const auto& [name, rows] : by_name_) {
    if (const Command* command = Find(product, name, "")) view.push_back(command);
  }
  std::sort(view.begin(), view.end(), [](const Command* a, const Command* b) { return a->name < b->name; });
  return view;
}

}  // namespace trivium::gateway
