// What ClientOptions may say.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/redis/address.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"

namespace trivium::redis {
namespace {

constexpr size_t kMaxSeeds = 100;
constexpr int kMaxPoolSize = 1000;
constexpr int kMaxDatabase = 15;

class Violations {
 public:
  void Want(bool holds, const std::string& field, const std::string& value, const std::string& wanted) {
    if (!holds) found_.emplace_back("redis." + field, absl::StrCat(value, ", want ", wanted));
  }
  absl::Status ToStatus() const { return FieldsError(found_); }

 private:
  std::vector<std::pair<std::string, std::string>> found_;
};

}  // namespace

absl::Status CheckOptions(const ClientOptions& options) {
  Violations all;
  const size_t count = options.addresses.size();
  all.Want(!options.name.empty(), "name", "\"\"", "a name");
  all.Want(options.cluster || count == 1, "addresses", absl::StrCat(count, " addresses"), "1 without cluster");
  all.Want(count >= 1 && count <= kMaxSeeds, "addresses", absl::StrCat(count, " addresses"), "1-100");
  for (const std::string& address : options.addresses) {
    all.Want(ParseAddress(address).ok(), "addresses", "\"" + address + "\"", "host:port with a port of 1-65535");
  }
  all.Want(options.pool_size >= 1 && options.pool_size <= kMaxPoolSize, "pool_size", absl::StrCat(options.pool_size),
           "1-1000");
  all.Want(options.database >= 0 && options.database <= (options.cluster ? 0 : kMaxDatabase), "database",
           absl::StrCat(options.database), "0-15, and 0 in a cluster");
  all.Want(options.user.empty() || !options.password.empty(), "password", "\"\"", "one with a user");
  const std::pair<const char*, absl::Duration> durations[] = {{"acquire_timeout", options.acquire_timeout},
                                                              {"connect_timeout", options.connect_timeout},
                                                              {"command_timeout", options.command_timeout}};
  for (const auto& [field, value] : durations) {
    all.Want(value >= absl::Milliseconds(1) && value <= absl::Minutes(10), field, absl::FormatDuration(value),
             "1ms-10m");
  }
  return all.ToStatus();
}

}  // namespace trivium::redis
