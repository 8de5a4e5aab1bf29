// The command line of sandbox_psp.
#pragma once

#include <string>
#include <vector>

namespace trivium::payment::sandbox {

inline constexpr char kUsage[] =
    "usage: sandbox_psp --address IP:PORT --journal FILE --merchants FILE --allow_notify PREFIX... [--log FILE]\n"
    "  --address IP:PORT      where to serve; port 0: any\n"
    "  --journal FILE         what it remembers; made when missing\n"
    "  --merchants FILE       YAML: one line \"merchant: secret\" each; read again when it changes\n"
    "  --allow_notify PREFIX  callbacks go only to URLs that begin so, such as http://127.0.0.1: (may be given again)\n"
    "  --log FILE             JSON lines; without it: standard error\n";

struct Flags {
  std::string address, journal, merchants, log;
  std::vector<std::string> allow_notify;
  bool help = false;
};

// "--flag value" or "--flag=value". What is wrong, or "".
std::string ParseFlags(int argc, const char* const* argv, Flags* flags);

}  // namespace trivium::payment::sandbox
