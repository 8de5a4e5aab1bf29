#include "libs/redis/command.h"

#include <openssl/sha.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/redis/script.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::redis {
namespace {

constexpr size_t kKeyOfScript = 3;  // EVALSHA sha numkeys key ...

// Sorted. What they change (the database, a transaction, a subscription, the protocol) would outlast the call, or the
// answer comes when somebody else pleases.
constexpr std::string_view kForbidden[] = {
    "ASKING",       "AUTH",   "BLMOVE",      "BLMPOP",    "BLPOP", "BRPOP",   "BRPOPLPUSH", "BZMPOP",     "BZPOPMAX",
    "BZPOPMIN",     "CLIENT", "DISCARD",     "EXEC",      "HELLO", "MONITOR", "MULTI",      "PSUBSCRIBE", "PSYNC",
    "PUNSUBSCRIBE", "QUIT",   "READONLY",    "READWRITE", "RESET", "SELECT",  "SHUTDOWN",   "SSUBSCRIBE", "SUBSCRIBE",
    "SUNSUBSCRIBE", "SYNC",   "UNSUBSCRIBE", "UNWATCH",   "WAIT",  "WATCH",
};
static_assert(std::is_sorted(std::begin(kForbidden), std::end(kForbidden)));

absl::Status Invalid(std::string_view field, std::string description) {
  return FieldsError({{std::string(field), std::move(description)}});
}

std::string Sha1Hex(std::string_view text) {
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), sizeof(digest)));
}

void AppendBulk(std::string_view text, std::string* wire) {
  absl::StrAppend(wire, "$", text.size(), "\r\n", ToAbsl(text), "\r\n");
}

}  // namespace

const std::string* Command::routing_key() const {
  return key == 0 || key >= arguments.size() ? nullptr : &arguments[key];
}

size_t Command::bytes() const {
  size_t sum = script == nullptr ? 0 : script->text().size();
  for (const std::string& argument : arguments) sum += argument.size();
  return sum;
}

absl::Status CheckCommand(const Command& command) {
  if (command.name().empty()) return Invalid("command.arguments", "no name, want at least one word");
  if (command.arguments.size() > kMaxArguments) {
    return Invalid("command.arguments", absl::StrCat(command.arguments.size(), ", want <= ", kMaxArguments));
  }
  if (command.bytes() > kMaxCommandBytes) {
    return Invalid("command.bytes", absl::StrCat(command.bytes(), ", want <= ", kMaxCommandBytes));
  }
  const std::string name = absl::AsciiStrToUpper(command.arguments[0]);
  if (std::binary_search(std::begin(kForbidden), std::end(kForbidden), std::string_view(name))) {
    return Invalid("command.name", absl::StrCat(name, ", want one that neither blocks nor changes its connection"));
  }
  return absl::OkStatus();
}

void AppendCommand(const Command& command, bool full_script, std::string* wire) {
  absl::StrAppend(wire, "*", command.arguments.size(), "\r\n");
  size_t first = 0;
  if (full_script && command.script != nullptr) {
    AppendBulk("EVAL", wire);
    AppendBulk(command.script->text(), wire);
    first = 2;
  }
  for (size_t i = first; i < command.arguments.size(); ++i) AppendBulk(command.arguments[i], wire);
}

Script::Script(std::string text) : text_(std::move(text)), sha1_(Sha1Hex(text_)) {}

Command Script::Call(std::vector<std::string> keys, std::vector<std::string> arguments) const {
  Command command;
  command.script = this;
  command.key = keys.empty() ? 0 : kKeyOfScript;
  command.arguments = {"EVALSHA", sha1_, absl::StrCat(keys.size())};
  command.arguments.reserve(3 + keys.size() + arguments.size());
  std::move(keys.begin(), keys.end(), std::back_inserter(command.arguments));
  std::move(arguments.begin(), arguments.end(), std::back_inserter(command.arguments));
  return command;
}

}  // namespace trivium::redis
