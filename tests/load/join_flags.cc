#include "tests/load/join_flags.h"

#include "absl/strings/str_cat.h"
#include "libs/command_line/command_line.h"
#include "tests/load/load_flags.h"

namespace trivium::load {
namespace {

constexpr char kAbout[] =
    "join_load: how many joins per second, strictly on five levels, beside a plain INCR of the same run.\n"
    "Exit status: 0 good, 1 a level was over its capacity or a place was not given back, 2 wrong usage.";

std::vector<command_line::Flag> Table(JoinFlags& flags) {
  using namespace command_line;  // NOLINT(build/namespaces): a table of its words.
  return {
      Text("--home DIR", &flags.home, "The .trv folder of a running platform: fills in the next seven"),
      Text("--target NAME", &flags.target, "xds:///<product>.live.trivium (needs a bootstrap file), or an address"),
      Text("--profile FILE", &flags.profile,
           "The product's profile, with room_capacity, institution_capacity and product_capacity"),
      Text("--pki DIR", &flags.pki, "ca.crt and product-<name>.crt, .key"),
      Text("--bootstrap FILE", &flags.bootstrap, "Instead of GRPC_XDS_BOOTSTRAP"),
      Text("--admin URL", &flags.admin, "Live's admin pages: CPU time, and what each level holds"),
      Text("--redis ADDRESS", &flags.redis, "Live's Redis, host:port, for the baseline"),
      Text("--redis_pid_file FILE", &flags.redis_pid_file, "Its process, for its CPU time"),
      Text("--product NAME", &flags.product,
           "Whose rooms; ./trv load join adds it. Nobody else may use its rooms meanwhile"),
      Number("--seconds N", &flags.seconds, 1, 600, "Length of each phase"),
      Number("--workers N", &flags.workers, 1, 4096, "Calls at a time"),
      Number("--channels N", &flags.channels, 1, 64, "Connections"),
      Number("--rooms N", &flags.rooms, 2, 64, "Half of them of a second institution"),
      Number("--wave N", &flags.wave, 10, 100'000, "Users who come before all leave again"),
      Text("--json FILE", &flags.json, "Writes the report, schema trivium.load.join/1"),
  };
}

}  // namespace

absl::StatusOr<JoinFlags> ParseJoinFlags(const std::vector<std::string>& arguments) {
  JoinFlags flags;
  const absl::Status read = command_line::Parse(arguments, {.about = kAbout, .flags = Table(flags)}, &flags.help);
  if (!read.ok()) return read;
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
