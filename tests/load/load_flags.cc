#include "tests/load/load_flags.h"

#include <climits>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/command_line/command_line.h"

namespace trivium::load {
namespace {

constexpr char kAbout[] = "payment_load: how many payments per second, and what each costs.";

std::vector<command_line::Flag> Table(LoadFlags& flags) {
  using namespace command_line;  // NOLINT(build/namespaces): a table of its words.
  return {
      Text("--home DIR", &flags.home, "The .trv folder of a running platform: fills in the next five"),
      Text("--target NAME", &flags.target, "xds:///<product>.payment.trivium (needs a bootstrap file), or an address"),
      Text("--pki DIR", &flags.pki, "ca.crt and product-<name>.crt, .key"),
      Text("--sandbox URL", &flags.sandbox, "The sandbox PSP, which pays"),
      Text("--admin URL", &flags.admin, "Payment's admin pages: CPU time is read from its /metrics"),
      Text("--bootstrap FILE", &flags.bootstrap, "Instead of GRPC_XDS_BOOTSTRAP"),
      Number("--pid PID", &flags.pid, 1, INT_MAX, "Payment's process: CPU time is read from /proc, instead of --admin"),
      Text("--product NAME", &flags.product, "Whose certificate and profile"),
      Number("--seconds N", &flags.seconds, 1, 3600, "Length of each phase"),
      Number("--concurrency N", &flags.concurrency, 1, 4096, "Calls (life cycles) at a time"),
      Number("--channels N", &flags.channels, 1, 64, "Connections"),
      Number("--institutions N", &flags.institutions, 1, 100'000, "Payees; a single one is a hot account"),
      OneOf("--pay HOW", &flags.pay, {"sandbox", "callback"},
            "sandbox: by the sandbox's control API. callback: this program signs the PSP's callback by itself, with "
            "--secret_file; the PSP knows nothing of these payments, and none is refunded"),
      Text("--secret_file FILE", &flags.secret_file, "The merchant's secret, for --pay callback"),
      Text("--json FILE", &flags.json, "Writes the report, schema trivium.load.payment/1"),
  };
}

}  // namespace

int PortBase(const std::string& home) {
  std::ifstream file(home + "/env");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> parts = absl::StrSplit(line, '=');
    int base = 0;
    if (parts.size() == 2 && parts[0] == "TRIVIUM_PORT_BASE" && absl::SimpleAtoi(parts[1], &base)) return base;
  }
  return 0;
}

absl::StatusOr<LoadFlags> ParseLoadFlags(const std::vector<std::string>& arguments) {
  LoadFlags flags;
  const absl::Status read = command_line::Parse(arguments, {.about = kAbout, .flags = Table(flags)}, &flags.help);
  if (!read.ok()) return read;
  return flags;
}

absl::Status FillIn(LoadFlags& flags) {
  const int base = flags.home.empty() ? 0 : PortBase(flags.home);
  if (!flags.home.empty() && base == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.home, "/env: has no TRIVIUM_PORT_BASE; start the platform: ./trv up"));
  }
  const auto fill = [&](std::string& field, const std::string& value) {
    if (field.empty() && base != 0) field = value;
  };
  fill(flags.pki, flags.home + "/pki");
  fill(flags.target, absl::StrCat("xds:///", flags.product, ".payment.trivium"));
  fill(flags.bootstrap, absl::StrCat(flags.home, "/products/", flags.product, "/bootstrap.json"));
  fill(flags.sandbox, absl::StrCat("http://127.0.0.1:", base + 30));
  fill(flags.admin, absl::StrCat("http://127.0.0.1:", base + 11));
  if (flags.target.empty() || flags.pki.empty())
    return absl::InvalidArgumentError("want --home, or --target and --pki");
  if (flags.pay == "sandbox" && flags.sandbox.empty()) return absl::InvalidArgumentError("--sandbox: want its URL");
  if (flags.pay == "callback" && flags.secret_file.empty()) {
    return absl::InvalidArgumentError("--secret_file: want the merchant's secret for --pay callback");
  }
  return absl::OkStatus();
}

}  // namespace trivium::load
