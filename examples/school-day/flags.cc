#include "examples/school-day/flags.h"

#include "libs/command_line/command_line.h"

namespace trivium::schoolday {
namespace {

constexpr char kAbout[] =
    "school_day: a day of orders, messages and classes of the platform's products, through the public API.";

constexpr char kEnd[] =
    "Ends with status 0 when all invariants hold, 1 with a sentence for each that does not, 2 when the day cannot "
    "begin.";

std::vector<command_line::Flag> Table(Flags& flags) {
  using namespace command_line;  // NOLINT(build/namespaces): a table of its words.
  return {
      Texts("--products A,B", &flags.products,
            "Products; default: those with data. One without data gets that of the first, under its own ids"),
      Number("--students N", &flags.students, 1, 100'000, "Students of each product instead of those of the data"),
      Number("--seed S", &flags.seed, 0, UINT64_MAX, "The same seed plans the same day"),
      Number("--concurrency N", &flags.concurrency, 1, 256, "Calls at a time of each product"),
      Text("--json FILE", &flags.json, "Writes the report"),
      Text("--pki DIR", &flags.pki, "ca.crt and product-<name>.crt, .key"),
      Text("--sandbox URL", &flags.sandbox, "The sandbox PSP"),
      Text("--data DIR", &flags.data, "The schools"),
      Text("--target NAME", &flags.target, "%s is the product; needs GRPC_XDS_BOOTSTRAP. Or a plain address"),
      Text("--push_target NAME", &flags.push_target, "The same of push"),
      Text("--live_target NAME", &flags.live_target, "The same of live"),
      Text("--gateway ADDRESS", &flags.gateway, "Where students connect: numbers, host:port"),
      Text("--token_keys DIR", &flags.token_keys,
           "<product>/token.key signs the students' tokens (kid dev-1); <product>/profile.yaml says what "
           "classes are held to"),
      Text("--live_capacity FILE", &flags.live_capacity, "What the cell's media can carry"),
      Text("--currency CODE", &flags.currency, "Of all prices"),
      Switch("--calm", &flags.calm, "The sandbox does not misbehave towards everybody, only about single trades"),
      Switch("--check_data", &flags.check_data, "Reads the data, says what is wrong with it, and ends"),
  };
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  const absl::Status read =
      command_line::Parse(arguments, {.about = kAbout, .flags = Table(flags), .end = kEnd}, &flags.help);
  if (!read.ok()) return read;
  return flags;
}

}  // namespace trivium::schoolday
