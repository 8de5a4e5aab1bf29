#include "tools/call/flags.h"

#include <functional>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/config/config.h"

namespace trivium::call {
namespace {

using Setter = std::function<bool(Flags&, const std::string&)>;

bool AddMetadata(Flags& flags, const std::string& header) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(header, absl::MaxSplits(':', 1));
  if (parts.first.empty() || parts.first.size() == header.size()) return false;
  // gRPC keeps metadata names in lower case.
  flags.metadata.emplace_back(absl::AsciiStrToLower(parts.first), absl::StripAsciiWhitespace(parts.second));
  return true;
}

bool SetTimeout(Flags& flags, const std::string& text) {
  double seconds = 0;
  if (absl::ParseDuration(text, &flags.timeout)) return flags.timeout > absl::ZeroDuration();
  if (!absl::SimpleAtod(text, &seconds)) return false;
  flags.timeout = absl::Seconds(seconds);
  return seconds > 0;
}

const std::map<std::string, Setter>& Setters() {
  static const auto& setters = *new std::map<std::string, Setter>{
      {"--home", [](Flags& f, const std::string& v) { return !(f.home = v).empty(); }},
      {"--port_base", [](Flags& f, const std::string& v) { return absl::SimpleAtoi(v, &f.port_base); }},
      {"--product",
       [](Flags& f, const std::string& v) {
         f.product = v;
         f.certificate = absl::StrCat("product-", v);
         return !v.empty();
       }},
      {"--service",
       [](Flags& f, const std::string& v) { return !(f.certificate = absl::StrCat("service-", v)).empty(); }},
      {"--certificate", [](Flags& f, const std::string& v) { return !(f.certificate = v).empty(); }},
      {"--address", [](Flags& f, const std::string& v) { return !(f.address = v).empty(); }},
      {"--timeout", SetTimeout},
      {"--limit", [](Flags& f, const std::string& v) { return absl::SimpleAtoi(v, &f.limit) && f.limit > 0; }},
      {"-H", AddMetadata},
  };
  return setters;
}

absl::Status UnknownFlag(const std::string& name) {
  std::vector<std::string> names = {"--operator"};
  for (const auto& [known, setter] : Setters()) names.push_back(known);
  const std::string nearest = config::NearestName(name, names);
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": unknown flag", nearest.empty() ? "" : absl::StrCat(", did you mean ", nearest, "?")));
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
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!absl::StartsWith(argument, "-") || argument == "-") {
      if (absl::Status status = TakeWord(argument, &words, flags); !status.ok()) return status;
      continue;
    }
    const std::pair<std::string, std::string> parts = absl::StrSplit(argument, absl::MaxSplits('=', 1));
    const bool has_value = absl::StrContains(argument, '=');
    if (parts.first == "--operator") {
      flags.certificate = absl::StrCat("operator-", has_value ? parts.second : "dev");
      continue;
    }
    const auto setter = Setters().find(parts.first);
    if (setter == Setters().end()) return UnknownFlag(parts.first);
    if (!has_value && i + 1 == arguments.size())
      return absl::InvalidArgumentError(absl::StrCat(argument, ": value missing"));
    const std::string& value = has_value ? parts.second : arguments[++i];
    if (!setter->second(flags, value))
      return absl::InvalidArgumentError(absl::StrCat(parts.first, ": bad value '", value, "'"));
  }
  return flags;
}

}  // namespace trivium::call
