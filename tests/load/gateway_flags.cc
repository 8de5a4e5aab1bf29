#include "tests/load/gateway_flags.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/config/config.h"
#include "tests/load/load_flags.h"

namespace trivium::load {

const char kGatewayLoadHelp[] =
    R"(gateway_load PHASE: what connections and messages cost, each beside a baseline of the same run.

  fanout             One room of 5,000 connections, messages at several rates; baseline: a bare writev loop to as many sockets.
  idle               10,000 connections with one channel each: resident and kernel memory.
  rpc                A command over HTTP and over the socket; baseline: nginx grpc_pass to the same service.
  storm              10,000 connections cut at once: time until 99 % are back and whole; what the database was asked meanwhile.

  --home DIR         The .trv folder of a running platform: fills in the next ones.
  --gateway ADDRESS  Where clients connect.
  --token_key FILE   The product's private key (kid dev-1): signs the clients' tokens.
  --push_target NAME, --pki DIR, --bootstrap FILE   As in payment_load.
  --payment_address ADDRESS   Payment's gRPC port, for rpc.
  --push_admin URL, --gateway_admin URL   Push's and the gateway's admin pages.
  --pid PID          The gateway's process; or --pid_file FILE.
  --product NAME     Default: ketang.
  --connections N    1-18000. Default: as the phase says.
  --seconds N        Of each step, 1-600. Default: 5.
  --rates A,B        Messages per second of fanout. Default: 20,40,100,300.
  --stalled P        Percent of fanout's readers that read nothing, 0-50. Default: 0.
  --concurrency N    Calls at a time of rpc, 1-4096. Default: 64.
  --json FILE        Writes the report, schema trivium.load.gateway/1.
)";

namespace {

struct NumberFlag {
  int GatewayFlags::*field;
  int least, most;
};

const std::map<std::string, NumberFlag>& NumberFlags() {
  static const std::map<std::string, NumberFlag> flags = {
      {"--connections", {&GatewayFlags::connections, 1, 18'000}},
      {"--seconds", {&GatewayFlags::seconds, 1, 600}},
      {"--stalled", {&GatewayFlags::stalled, 0, 50}},
      {"--concurrency", {&GatewayFlags::concurrency, 1, 4096}},
      {"--pid", {&GatewayFlags::pid, 1, 1 << 30}},
  };
  return flags;
}

const std::map<std::string, std::string GatewayFlags::*>& TextFlags() {
  static const std::map<std::string, std::string GatewayFlags::*> flags = {
      {"--home", &GatewayFlags::home},
      {"--product", &GatewayFlags::product},
      {"--gateway", &GatewayFlags::gateway},
      {"--token_key", &GatewayFlags::token_key},
      {"--push_target", &GatewayFlags::push_target},
      {"--payment_address", &GatewayFlags::payment_address},
      {"--pki", &GatewayFlags::pki},
      {"--bootstrap", &GatewayFlags::bootstrap},
      {"--push_admin", &GatewayFlags::push_admin},
      {"--gateway_admin", &GatewayFlags::gateway_admin},
      {"--pid_file", &GatewayFlags::pid_file},
      {"--json", &GatewayFlags::json},
  };
  return flags;
}

absl::Status Unknown(const std::string& name) {
  std::vector<std::string> names = {"--help", "--rates"};
  for (const auto& [known, field] : NumberFlags()) names.push_back(known);
  for (const auto& [known, field] : TextFlags()) names.push_back(known);
  const std::string nearest = config::NearestName(name, names);
  return absl::InvalidArgumentError(absl::StrCat(name, ": unknown flag", nearest.empty() ? "" : ", do you mean ",
                                                 nearest, nearest.empty() ? "" : "?"));
}

absl::Status ReadRates(const std::string& text, std::vector<int>* rates) {
  rates->clear();
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  for (const std::string& part : parts) {
    int rate = 0;
    if (!absl::SimpleAtoi(part, &rate) || rate < 1 || rate > 2'000) {
      return absl::InvalidArgumentError(absl::StrCat("--rates: '", part, "', want 1-2000"));
    }
    rates->push_back(rate);
  }
  return absl::OkStatus();
}

absl::Status Set(const std::string& name, const std::string& value, GatewayFlags& flags) {
  if (name == "--rates") return ReadRates(value, &flags.rates);
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

absl::StatusOr<GatewayFlags> ParseGatewayFlags(const std::vector<std::string>& arguments) {
  GatewayFlags flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(arguments[i], absl::MaxSplits('=', 1));
    const std::string& name = parts[0];
    if (name == "--help") {
      flags.help = true;
      continue;
    }
    if (flags.phase.empty() && !name.starts_with("--")) {
      flags.phase = name;
      continue;
    }
    if (name != "--rates" && !NumberFlags().contains(name) && !TextFlags().contains(name)) return Unknown(name);
    if (parts.size() == 1 && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": want a value"));
    }
    const std::string value = parts.size() == 2 ? parts[1] : arguments[++i];
    if (const absl::Status set = Set(name, value, flags); !set.ok()) return set;
  }
  static const std::vector<std::string> kPhases = {"fanout", "idle", "rpc", "storm"};
  if (!flags.help && std::find(kPhases.begin(), kPhases.end(), flags.phase) == kPhases.end()) {
    return absl::InvalidArgumentError(absl::StrCat("phase: '", flags.phase, "', want fanout, idle, rpc or storm"));
  }
  return flags;
}

absl::Status FillIn(GatewayFlags& flags) {
  const int base = flags.home.empty() ? 0 : PortBase(flags.home);
  if (!flags.home.empty() && base == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.home, "/env: has no TRIVIUM_PORT_BASE; start the platform: ./trv up"));
  }
  const auto fill = [&](std::string& field, const std::string& value) {
    if (field.empty() && base != 0) field = value;
  };
  const std::string folder = absl::StrCat(flags.home, "/products/", flags.product);
  fill(flags.gateway, absl::StrCat("127.0.0.1:", base + 92));
  fill(flags.token_key, folder + "/token.key");
  fill(flags.bootstrap, folder + "/bootstrap.json");
  fill(flags.push_target, absl::StrCat("xds:///", flags.product, ".push.trivium"));
  fill(flags.payment_address, absl::StrCat("127.0.0.1:", base + 10));
  fill(flags.pki, flags.home + "/pki");
  fill(flags.push_admin, absl::StrCat("http://127.0.0.1:", base + 81));
  fill(flags.gateway_admin, absl::StrCat("http://127.0.0.1:", base + 91));
  fill(flags.pid_file, flags.home + "/sv/gateway/supervise/pid");
  if (flags.pid == 0 && !flags.pid_file.empty()) {
    std::ifstream file(flags.pid_file);
    file >> flags.pid;
  }
  if (flags.gateway.empty() || flags.token_key.empty() || flags.pki.empty() || flags.push_target.empty()) {
    return absl::InvalidArgumentError("want --home, or --gateway, --token_key, --pki and --push_target");
  }
  if (flags.connections == 0) flags.connections = flags.phase == "fanout" ? 5'000 : 10'000;
  return absl::OkStatus();
}

}  // namespace trivium::load
