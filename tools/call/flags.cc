#include "tools/call/flags.h"

#include <climits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/command_line/command_line.h"

namespace trivium::call {
namespace {

using Value = command_line::Flag::Value;

constexpr char kAbout[] =
    R"(usage: trv call SERVICE/METHOD [JSON] [FLAG...]
JSON: '@FILE' reads a file, '-' standard input; "@trivium.common.v1.ProductProfile:FILE.yaml" in it stands for an Any.
Without an identity: operator dev. A product's calls go through xDS.)";

std::string AddMetadata(Flags& flags, const std::string& header) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(header, absl::MaxSplits(':', 1));
  if (parts.first.empty() || parts.first.size() == header.size()) return "name: value";
  // gRPC keeps metadata names in lower case.
  flags.metadata.emplace_back(absl::AsciiStrToLower(parts.first), absl::StripAsciiWhitespace(parts.second));
  return "";
}

std::string SetTimeout(Flags& flags, const std::string& text) {
  absl::Duration timeout;
  double seconds = 0;
  if (!absl::ParseDuration(text, &timeout) && absl::SimpleAtod(text, &seconds)) timeout = absl::Seconds(seconds);
  if (timeout <= absl::ZeroDuration()) return "more than 0, such as 10s or 200ms";
  flags.timeout = timeout;
  return "";
}

std::string SetIdentity(Flags& flags, const std::string& kind, const std::string& name) {
  if (name.empty()) return "a name";
  flags.certificate = absl::StrCat(kind, "-", name);
  if (kind == "product") flags.product = name;
  return "";
}

std::vector<command_line::Flag> Table(Flags& flags) {
  using namespace command_line;  // NOLINT(build/namespaces): a table of its words.
  return {
      {"--product P", Value::kWanted, [&](const std::string& v) { return SetIdentity(flags, "product", v); },
       "As its backend."},
      {"--operator[=NAME]", Value::kOptional,
       [&](const std::string& v) { return SetIdentity(flags, "operator", v.empty() ? "dev" : v); },
       "As an operator. Default: dev."},
      {"--service S", Value::kWanted, [&](const std::string& v) { return SetIdentity(flags, "service", v); },
       "As a service."},
      Text("--certificate FILE", &flags.certificate, "As who has pki/FILE.crt and .key; none: without a certificate"),
      {"-H 'name: value'", Value::kWanted, [&](const std::string& v) { return AddMetadata(flags, v); },
       "Metadata; may be given again."},
      {"--timeout TIME", Value::kWanted, [&](const std::string& v) { return SetTimeout(flags, v); },
       "10s or 200ms. Default: 10s, of a stream none."},
      Number("--limit N", &flags.limit, 1, INT_MAX, "Answers of a stream after which it ends"),
      Text("--address HOST:PORT", &flags.address, "Whom to call, past xDS"),
      Text("--home DIR", &flags.home, "Folder with pki/ and products/; ./trv fills it in"),
      Number("--port_base N", &flags.port_base, 1, 65'535, "First port of the platform; ./trv fills it in"),
  };
}

// Not a flag: the method, then the request.
absl::Status TakeWord(const std::string& word, int* words, Flags& flags) {
  ++*words;
  if (*words == 1) {
    flags.method = word;
  } else if (*words == 2) {
    flags.json = word;
  } else {
    return absl::InvalidArgumentError(absl::StrCat(word, ": one request too many; quote the JSON"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  int words = 0;
  const auto word = [&](const std::string& text) { return TakeWord(text, &words, flags); };
  const absl::Status read =
      command_line::Parse(arguments, {.about = kAbout, .flags = Table(flags), .word = word}, &flags.help);
  if (!read.ok()) return read;
  return flags;
}

std::string Usage() {
  Flags flags;
  return command_line::Help({.about = kAbout, .flags = Table(flags)});
}

}  // namespace trivium::call
