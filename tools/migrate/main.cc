// trv_migrate: applies the migrations of a folder to a schema.
//
//   trv_migrate --socket=.trv/run/mysql.sock --user=root --schema=payment --folder=migrations/payment
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/mysql/mysql.h"
#include "libs/status/status.h"

namespace trivium {
namespace {

constexpr char kUsage[] =
    "usage: trv_migrate --schema=NAME --folder=FOLDER [--socket=PATH | --host=HOST --port=PORT]\n"
    "                   [--user=USER] [--password-file=FILE]\n"
    "Applies the files NNNN_what.sql of FOLDER that the schema does not have yet, in order. Creates the schema.\n"
    "  --host           default 127.0.0.1\n"
    "  --port           default 3306\n"
    "  --user           default root\n"
    "  --password-file  file with the password in its first line; default: no password\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n";

// "--name=value" and "--name value".
absl::StatusOr<std::map<std::string, std::string>> ParseFlags(int argc, char** argv) {
  std::map<std::string, std::string> flags = {{"host", "127.0.0.1"}, {"port", "3306"}, {"socket", ""},
                                              {"user", "root"},      {"schema", ""},   {"password-file", ""},
                                              {"folder", ""}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const std::string name =
        word.substr(0, 2) == "--" ? word.substr(2, equals == std::string::npos ? equals : equals - 2) : "";
    if (flags.count(name) == 0) return absl::InvalidArgumentError(word + ": unknown flag");
    if (equals == std::string::npos && i + 1 == argc) return absl::InvalidArgumentError(word + ": want a value");
    flags[name] = equals != std::string::npos ? word.substr(equals + 1) : argv[++i];
  }
  for (const char* name : {"schema", "folder"}) {
    if (flags[name].empty()) return absl::InvalidArgumentError(absl::StrCat("--", name, ": missing"));
  }
  return flags;
}

absl::StatusOr<mysql::PoolOptions> Options(std::map<std::string, std::string>& flags) {
  mysql::PoolOptions options;
  options.host = flags["host"];
  options.unix_socket = flags["socket"];
  options.user = flags["user"];
  options.schema = flags["schema"];
  if (!absl::SimpleAtoi(flags["port"], &options.port) || options.port < 1 || options.port > 65535) {
    return absl::InvalidArgumentError("--port: " + flags["port"] + ", want 1-65535");
  }
  if (const std::string& path = flags["password-file"]; !path.empty()) {
    std::ifstream in(path);
    if (!std::getline(in, options.password))
      return absl::InvalidArgumentError("--password-file: " + path + " cannot be read");
    options.password = std::string(absl::StripTrailingAsciiWhitespace(options.password));
  }
  return options;
}

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "trv_migrate: %s\n", std::string(status.message()).c_str());
  if (code == 2) std::fputs(kUsage, stderr);
  return code;
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "--help") return std::fputs(kUsage, stdout) < 0;
  auto flags = ParseFlags(argc, argv);
  if (!flags.ok()) return Fail(flags.status(), 2);
  const auto options = Options(*flags);
  if (!options.ok()) return Fail(options.status(), 2);
  const auto result = mysql::Migrate(*options, (*flags)["folder"], Clock::Real());
  if (!result.ok()) return Fail(result.status(), 1);
  for (const std::string& name : result->applied)
    std::printf("%s: applied %s\n", options->schema.c_str(), name.c_str());
  std::printf("%s: version %d%s\n", options->schema.c_str(), result->version,
              result->applied.empty() ? ", nothing to do" : "");
  return 0;
}

}  // namespace
}  // namespace trivium

int main(int argc, char** argv) { return trivium::Main(argc, argv); }
