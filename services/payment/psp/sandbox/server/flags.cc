#include "services/payment/psp/sandbox/server/flags.h"

#include <algorithm>

namespace trivium::payment::sandbox {

std::string ParseFlags(int argc, const char* const* argv, Flags* flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = std::min(argument.find('='), argument.size());
    const std::string name = argument.substr(0, equals);
    if (name == "--help") {
      flags->help = true;
      return "";
    }
    const bool inline_value = equals < argument.size();
    if (!inline_value && i + 1 == argc) return name + ": want a value";
    const std::string value = inline_value ? argument.substr(equals + 1) : argv[++i];
    if (name == "--address") {
      flags->address = value;
    } else if (name == "--journal") {
      flags->journal = value;
    } else if (name == "--merchants") {
      flags->merchants = value;
    } else if (name == "--log") {
      flags->log = value;
    } else if (name == "--allow_notify") {
      flags->allow_notify.push_back(value);
    } else {
      return name + ": no such flag";
    }
  }
  if (flags->address.empty() || flags->journal.empty() || flags->merchants.empty() || flags->allow_notify.empty()) {
    return "want --address, --journal, --merchants and --allow_notify";
  }
  return "";
}

}  // namespace trivium::payment::sandbox
