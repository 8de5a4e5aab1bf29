#include "tests/load/gateway_flags.h"

#include <algorithm>
#include <climits>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "libs/command_line/command_line.h"
#include "tests/load/load_flags.h"

namespace trivium::load {
namespace {

constexpr char kAbout[] =
    R"(gateway_load PHASE: what connections and messages cost, each beside a baseline of the same run.

  fanout  One room of 5,000 connections, messages at several rates; baseline: a bare writev loop to as many sockets.
  idle    10,000 connections with one channel each: resident and kernel memory.
  rpc     A command over HTTP and over the socket; baseline: nginx grpc_pass to the same service.
  storm   10,000 connections cut at once: time until 99 % are back and whole; what the database was asked meanwhile.)";

absl::Status TakePhase(const std::string& word, std::string* phase) {
  if (!phase->empty()) return absl::InvalidArgumentError(absl::StrCat(word, ": one phase too many"));
  *phase = word;
  return absl::OkStatus();
}

std::vector<command_line::Flag> Table(GatewayFlags& flags) {
  using namespace command_line;  // NOLINT(build/namespaces): a table of its words.
  return {
      Text("--home DIR", &flags.home, "The .trv folder of a running platform: fills in the next nine"),
      Text("--gateway ADDRESS", &flags.gateway, "Where clients connect"),
      Text("--token_key FILE", &flags.token_key, "The product's private key (kid dev-1): signs the clients' tokens"),
      Text("--push_target NAME", &flags.push_target,
           "xds:///<product>.push.trivium (needs a bootstrap file), or an address"),
      Text("--pki DIR", &flags.pki, "ca.crt and product-<name>.crt, .key"),
      Text("--bootstrap FILE", &flags.bootstrap, "Instead of GRPC_XDS_BOOTSTRAP"),
      Text("--payment_address ADDRESS", &flags.payment_address, "Payment's gRPC port, for rpc"),
      Text("--push_admin URL", &flags.push_admin, "Push's admin pages"),
      Text("--gateway_admin URL", &flags.gateway_admin, "The gateway's admin pages"),
      Text("--pid_file FILE", &flags.pid_file, "Of the gateway's process"),
      Number("--pid PID", &flags.pid, 1, INT_MAX, "The process itself, instead of --pid_file"),
      Text("--product NAME", &flags.product, "Whose certificate and token key"),
      Number("--connections N", &flags.connections, 1, 18'000, "Instead of as many as the phase says"),
      Number("--seconds N", &flags.seconds, 1, 600, "Of each step"),
      Numbers("--rates A,B", &flags.rates, 1, 2'000, "Messages per second of fanout, step by step"),
      Number("--stalled P", &flags.stalled, 0, 50, "Percent of fanout's readers that read nothing"),
      Number("--concurrency N", &flags.concurrency, 1, 4096, "Calls at a time of rpc"),
      Text("--json FILE", &flags.json, "Writes the report, schema trivium.load.gateway/1"),
  };
}

}  // namespace

absl::StatusOr<GatewayFlags> ParseGatewayFlags(const std::vector<std::string>& arguments) {
  static const std::vector<std::string> kPhases = {"fanout", "idle", "rpc", "storm"};
  GatewayFlags flags;
  const auto word = [&flags](const std::string& phase) { return TakePhase(phase, &flags.phase); };
  const absl::Status read =
      command_line::Parse(arguments, {.about = kAbout, .flags = Table(flags), .word = word}, &flags.help);
  if (!read.ok()) return read;
  if (flags.help.empty() && std::find(kPhases.begin(), kPhases.end(), flags.phase) == kPhases.end()) {
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
