#include "tests/load/load_flags.h"

#include <fstream>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/config/config.h"

namespace trivium::load {

const char kLoadHelp[] = R"(payment_load: how many payments per second, and what each costs.

  --home DIR         The .trv folder of a running platform: fills in the next five.
  --target NAME      xds:///<product>.payment.trivium (needs a bootstrap file), or an address.
  --pki DIR          ca.crt and product-<name>.crt, .key.
  --sandbox URL      The sandbox PSP, which pays.
  --admin URL        Payment's admin pages: CPU time is read from its /metrics. Or --pid PID: from /proc.
  --bootstrap FILE   Instead of GRPC_XDS_BOOTSTRAP.
  --product NAME     Default: ketang.
  --seconds N        Length of each phase, 1-3600. Default: 10.
  --concurrency N    Calls (life cycles) at a time, 1-4096. Default: 64.
  --channels N       Connections, 1-64. Default: 4.
  --institutions N   Payees, 1-100000. Default: 1, one hot account.
  --pay HOW          sandbox (default): by the sandbox's control API. callback: this program signs the PSP's callback by itself, with
                     --secret_file FILE of the merchant; the PSP knows nothing of these payments, and none is refunded.
  --json FILE        Writes the report, schema trivium.load.payment/1.
)";

namespace {

absl::Status ReadNumber(const std::string& name, const std::string& text, int least, int most, int* value) {
  if (absl::SimpleAtoi(text, value) && *value >= least && *value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": '", text, "', want ", least, "-", most));
}

struct NumberFlag {
  int LoadFlags::*field;
  int least, most;
};

const std::map<std::string, NumberFlag>& NumberFlags() {
  static const std::map<std::string, NumberFlag> flags = {
      {"--seconds", {&LoadFlags::seconds, 1, 3600}}, {"--concurrency", {&LoadFlags::concurrency, 1, 4096}},
      {"--channels", {&LoadFlags::channels, 1, 64}}, {"--institutions", {&LoadFlags::institutions, 1, 100'000}},
      {"--pid", {&LoadFlags::pid, 1, 1 << 30}},
  };
  return flags;
}

const std::map<std::string, std::string LoadFlags::*>& TextFlags() {
  static const std::map<std::string, std::string LoadFlags::*> flags = {
      {"--home", &LoadFlags::home},       {"--target", &LoadFlags::target}, {"--pki", &LoadFlags::pki},
      {"--sandbox", &LoadFlags::sandbox}, {"--admin", &LoadFlags::admin},   {"--bootstrap", &LoadFlags::bootstrap},
      {"--product", &LoadFlags::product}, {"--pay", &LoadFlags::pay},       {"--secret_file", &LoadFlags::secret_file},
      {"--json", &LoadFlags::json},
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
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(arguments[i], absl::MaxSplits('=', 1));
    const std::string& name = parts[0];
    if (name == "--help") {
      flags.help = true;
      continue;
    }
    const auto number = NumberFlags().find(name);
    const auto text = TextFlags().find(name);
    if (number == NumberFlags().end() && text == TextFlags().end()) return Unknown(name);
    if (parts.size() == 1 && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": want a value"));
    }
    const std::string value = parts.size() == 2 ? parts[1] : arguments[++i];
    if (text != TextFlags().end()) {
      flags.*text->second = value;
      continue;
    }
    const NumberFlag& n = number->second;
    if (const absl::Status read = ReadNumber(name, value, n.least, n.most, &(flags.*n.field)); !read.ok()) return read;
  }
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
  if (flags.pay != "sandbox" && flags.pay != "callback") {
    return absl::InvalidArgumentError(absl::StrCat("--pay: '", flags.pay, "', want sandbox or callback"));
  }
  if (flags.pay == "sandbox" && flags.sandbox.empty()) return absl::InvalidArgumentError("--sandbox: want its URL");
  if (flags.pay == "callback" && flags.secret_file.empty()) {
    return absl::InvalidArgumentError("--secret_file: want the merchant's secret for --pay callback");
  }
  return absl::OkStatus();
}

}  // namespace trivium::load
