#include "tests/load/join_flags.h"

#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/config/config.h"
#include "tests/load/load_flags.h"

namespace trivium::load {

const char kJoinLoadHelp[] =
    R"(join_load: how many joins per second, strictly on five levels, beside a plain INCR of the same run. Exit 1: a level was
over its capacity, or a place was not given back.

  --home DIR         The .trv folder of a running platform: fills in the next seven.
  --target NAME      xds:///<product>.live.trivium (needs a bootstrap file), or an address.
  --profile FILE     The product's profile, with room_capacity, institution_capacity and product_capacity.
  --pki DIR          ca.crt and product-<name>.crt, .key.
  --bootstrap FILE   Instead of GRPC_XDS_BOOTSTRAP.
  --admin URL        Live's admin pages: CPU time, and what each level holds.
  --redis ADDRESS    Live's Redis, host:port, for the baseline. --redis_pid_file FILE: its process, for its CPU time.
  --product NAME     Default: load, which ./trv load join adds. Nobody else may use its rooms meanwhile.
  --seconds N        Length of each phase, 1-600. Default: 10.
  --workers N        Calls at a time, 1-4096. Default: 64.
  --channels N       Connections, 1-64. Default: 4.
  --rooms N          2-64, half of them of a second institution. Default: 8.
  --wave N           Users who come before all leave again, 10-100000. Default: 1000.
  --json FILE        Writes the report, schema trivium.load.join/1.
)";

namespace {

struct NumberFlag {
  int JoinFlags::*field;
  int least, most;
};

const std::map<std::string, NumberFlag>& NumberFlags() {
  static const std::map<std::string, NumberFlag> flags = {
      {"--seconds", {&JoinFlags::seconds, 1, 600}},  {"--workers", {&JoinFlags::workers, 1, 4096}},
      {"--channels", {&JoinFlags::channels, 1, 64}}, {"--rooms", {&JoinFlags::rooms, 2, 64}},
      {"--wave", {&JoinFlags::wave, 10, 100'000}},
  };
  return flags;
}

const std::map<std::string, std::string JoinFlags::*>& TextFlags() {
  static const std::map<std::string, std::string JoinFlags::*> flags = {
      {"--home", &JoinFlags::home},
      {"--product", &JoinFlags::product},
      {"--profile", &JoinFlags::profile},
      {"--target", &JoinFlags::target},
      {"--pki", &JoinFlags::pki},
      {"--bootstrap", &JoinFlags::bootstrap},
      {"--admin", &JoinFlags::admin},
      {"--redis", &JoinFlags::redis},
      {"--redis_pid_file", &JoinFlags::redis_pid_file},
      {"--json", &JoinFlags::json},
  };
  return flags;
}

absl::Status Unknown(const std::string& name) {
  std::vector<std::string> names = {"--help"};
  for (const auto& [known, field] : NumberFlags()) names.push_back(known);
  for (const auto& [known, field] : TextFlags()) names.push_back(known);
  const std::string nearest = config::NearestName(name, names);
  return absl::InvalidArgumentError(absl::StrCat(name, ": unknown flag", nearest.empty() ? "" : ", do you mean ",
                                                 nearest, nearest.empty() ? "" : "?"));
}

absl::Status Set(const std::string& name, const std::string& value, JoinFlags& flags) {
  if (const auto text = TextFlags().find(name); text != TextFlags().end()) {
    flags.*text->second = value;
    return absl::OkStatus();
  }
  const NumberFlag& n = NumberFlags().at(name);
  int& field = flags.*n.field;
  if (absl::SimpleAtoi(value, &field) && field >= n.least && field <= n.most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": '", value, "', want ", n.least, "-", n.most));
}

}  // namespace

absl::StatusOr<JoinFlags> ParseJoinFlags(const std::vector<std::string>& arguments) {
  JoinFlags flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(arguments[i], absl::MaxSplits('=', 1));
    const std::string& name = parts[0];
    if (name == "--help") {
      flags.help = true;
      continue;
    }
    if (!NumberFlags().contains(name) && !TextFlags().contains(name)) return Unknown(name);
    if (parts.size() == 1 && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": want a value"));
    }
    const std::string value = parts.size() == 2 ? parts[1] : arguments[++i];
    if (const absl::Status set = Set(name, value, flags); !set.ok()) return set;
  }
  return flags;
}

absl::Status FillIn(JoinFlags& flags) {
  const int base = flags.home.empty() ? 0 : PortBase(flags.home);
  if (!flags.home.empty() && base == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.home, "/env: has no TRIVIUM_PORT_BASE; start the platform: ./trv up"));
  }
  const auto fill = [&](std::string& field, const std::string& value) {
    if (field.empty() && base != 0) field = value;
  };
  const std::string folder = absl::StrCat(flags.home, "/products/", flags.product);
  fill(flags.target, absl::StrCat("xds:///", flags.product, ".live.trivium"));
  fill(flags.profile, folder + "/profile.yaml");
  fill(flags.pki, flags.home + "/pki");
  fill(flags.bootstrap, folder + "/bootstrap.json");
  fill(flags.admin, absl::StrCat("http://127.0.0.1:", base + 96));
  fill(flags.redis, absl::StrCat("127.0.0.1:", base + 70));
  fill(flags.redis_pid_file, flags.home + "/sv/redis/supervise/pid");
  if (flags.target.empty() || flags.profile.empty() || flags.pki.empty() || flags.admin.empty() ||
      flags.redis.empty()) {
    return absl::InvalidArgumentError("want --home, or --target, --profile, --pki, --admin and --redis");
  }
  return absl::OkStatus();
}

}  // namespace trivium::load
