#include "examples/school-day/flags.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/config/config.h"

namespace trivium::schoolday {

const char kHelp[] =
    R"(school_day: a day of orders, messages and classes of the platform's products, through the public API.

  --products A,B     Products; default: those with data. One without data gets that of the first, under its own ids.
  --students N       Students of each product, 1-100000; default: those of the data.
  --seed S           The same seed plans the same day. Default: 1.
  --concurrency N    Calls at a time of each product, 1-256. Default: 8.
  --json FILE        Writes the report.
  --pki DIR          ca.crt and product-<name>.crt, .key. Default: .trv/pki.
  --sandbox URL      The sandbox PSP. Default: http://127.0.0.1:21030.
  --data DIR         Default: examples/school-day/data.
  --target NAME      Default: xds:///%s.payment.trivium (needs GRPC_XDS_BOOTSTRAP), or a plain address.
  --push_target NAME Default: xds:///%s.push.trivium, or a plain address.
  --live_target NAME Default: xds:///%s.live.trivium, or a plain address.
  --gateway ADDRESS  Where students connect: numbers, host:port. Default: 127.0.0.1:21092.
  --token_keys DIR   <product>/token.key signs the students' tokens (kid dev-1); <product>/profile.yaml says what
                     classes are held to. Default: .trv/products.
  --live_capacity F  What the cell's media can carry. Default: .trv/etc/live-capacity.yaml.
  --currency CODE    Default: CNY.
  --calm             The sandbox does not misbehave towards everybody, only about single trades.
  --check_data       Reads the data, says what is wrong with it, and ends.

Ends with status 0 when all invariants hold, 1 with a sentence for each that does not, 2 when the day cannot begin.
)";

namespace {

template <typename T>
absl::Status ReadNumber(const std::string& name, const std::string& text, T least, T most, T* value) {
  if (absl::SimpleAtoi(text, value) && *value >= least && *value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": '", text, "', want ", least, "-", most));
}

absl::Status Set(const std::string& name, const std::string& value, Flags& flags) {
  if (name == "--students") return ReadNumber(name, value, 1, 100'000, &flags.students);
  if (name == "--seed") return ReadNumber<uint64_t>(name, value, 0, UINT64_MAX, &flags.seed);
  if (name == "--concurrency") return ReadNumber(name, value, 1, 256, &flags.concurrency);
  if (value.empty()) return absl::InvalidArgumentError(absl::StrCat(name, ": '', want a value"));
  if (name == "--products") {
    flags.products = absl::StrSplit(value, ',', absl::SkipEmpty());
    return absl::OkStatus();
  }
  const std::pair<const char*, std::string*> texts[] = {{"--json", &flags.json},
                                                        {"--pki", &flags.pki},
                                                        {"--sandbox", &flags.sandbox},
                                                        {"--data", &flags.data},
                                                        {"--target", &flags.target},
                                                        {"--push_target", &flags.push_target},
                                                        {"--gateway", &flags.gateway},
                                                        {"--token_keys", &flags.token_keys},
                                                        {"--live_target", &flags.live_target},
                                                        {"--live_capacity", &flags.live_capacity},
                                                        {"--currency", &flags.currency}};
  for (const auto& [text_name, target] : texts) {
    if (name == text_name) *target = value;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  static const std::vector<std::string> kNames = {
      "--products", "--students",   "--seed",     "--concurrency", "--json",        "--pki",
      "--sandbox",  "--data",       "--target",   "--push_target", "--live_target", "--live_capacity",
      "--gateway",  "--token_keys", "--currency", "--calm",        "--help",        "--check_data"};
  Flags flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(arguments[i], absl::MaxSplits('=', 1));
    const std::string& name = parts[0];
    const std::pair<const char*, bool*> switches[] = {
        {"--calm", &flags.calm}, {"--help", &flags.help}, {"--check_data", &flags.check_data}};
    const auto* set =
        std::find_if(std::begin(switches), std::end(switches), [&](const auto& s) { return name == s.first; });
    if (set != std::end(switches)) {
      *set->second = true;
      continue;
    }
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
      const std::string nearest = config::NearestName(name, kNames);
      return absl::InvalidArgumentError(absl::StrCat(name, ": unknown flag", nearest.empty() ? "" : ", do you mean ",
                                                     nearest, nearest.empty() ? "" : "?"));
    }
    if (parts.size() == 1 && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": want a value"));
    }
    const std::string value = parts.size() == 2 ? parts[1] : arguments[++i];
    if (const absl::Status taken = Set(name, value, flags); !taken.ok()) return taken;
  }
  return flags;
}

}  // namespace trivium::schoolday
