#include "libs/server/flags.h"

#include <string_view>
#include <vector>

#include "libs/config/config.h"

namespace trivium::server {
namespace {

absl::Status Unknown(const std::string& word) {
  const std::string nearest =
      config::NearestName(word, {"--config", "--check_config", "--print_default_config", "--version", "--help"});
  return absl::InvalidArgumentError(word + ": unknown flag" +
                                    (nearest.empty() ? "; --help lists them" : ", do you mean " + nearest + "?"));
}

bool* SwitchOf(std::string_view word, Flags* flags) {
  if (word == "--check_config") return &flags->check_config;
  if (word == "--print_default_config") return &flags->print_default_config;
  if (word == "--version") return &flags->version;
  if (word == "--help" || word == "-h") return &flags->help;
  return nullptr;
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(int argc, const char* const* argv) {
  constexpr std::string_view kConfig = "--config=";
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (bool* on = SwitchOf(word, &flags); on != nullptr) {
      *on = true;
    } else if (word == "--config") {
      if (i + 1 == argc) return absl::InvalidArgumentError("--config: want a file after it");
      flags.config = argv[++i];
    } else if (word.starts_with(kConfig)) {
      flags.config = word.substr(kConfig.size());
    } else {
      return Unknown(word.substr(0, word.find('=')));
    }
  }
  return flags;
}

std::string Usage(const std::string& service) {
  return "usage: " + service +
         " --config FILE\n"
         "  --config FILE           YAML, see --print_default_config\n"
         "  --check_config          read and check the config, say what is wrong, exit\n"
         "  --print_default_config  print every option with its default, exit\n"
         "  --version               print the version, exit\n"
         "  --help                  this text\n";
}

}  // namespace trivium::server
