#include "libs/mysql/test_server.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/clock/clock.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "libs/test_process/test_process.h"

namespace trivium::mysql {
namespace {

constexpr absl::Duration kReadyWithin = absl::Seconds(60);

// mariadbd refuses to run as root unless told to.
std::vector<std::string> AsRoot() {
  return geteuid() == 0 ? std::vector<std::string>{"--user=root"} : std::vector<std::string>{};
}

// --tmpdir: names of temporary files have the process id in them, which sandboxes that share /tmp have in common.
absl::Status InstallSystemTables(const std::string& folder) {
  std::vector<std::string> command = {"mariadb-install-db",
                                      "--no-defaults",
                                      "--datadir=" + folder + "/data",
                                      "--tmpdir=" + folder,
                                      "--skip-test-db",
                                      "--auth-root-authentication-method=normal",
                                      "--skip-name-resolve",
                                      "--innodb-log-file-size=16M"};
  for (const std::string& flag : AsRoot()) command.push_back(flag);
  TestProcess install;
  install.Spawn(command, folder + "/install.log");
  if (install.Wait() != 0) {
    return absl::InternalError("mariadb-install-db failed: " + Tail(folder + "/install.log"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TestServer>> TestServer::Start(bool with_tcp) {
  std::unique_ptr<TestServer> server(new TestServer);
  server->folder_ = MakeShortTempFolder("trvdb");
  if (server->folder_.empty()) return absl::InternalError("no temporary folder can be made");
  server->socket_ = server->folder_ + "/s";
  if (with_tcp) server->port_ = FreePort();
  TRIVIUM_RETURN_IF_ERROR(InstallSystemTables(server->folder_));
  TRIVIUM_RETURN_IF_ERROR(server->Launch());
  return server;
}

TestServer::~TestServer() {
  process_.Terminate(SIGKILL);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::Status TestServer::Launch() {
  std::vector<std::string> command = {"mariadbd",
                                      "--no-defaults",
                                      "--datadir=" + folder_ + "/data",
                                      "--tmpdir=" + folder_,
                                      "--socket=" + socket_,
                                      "--pid-file=" + folder_ + "/pid",
                                      "--skip-name-resolve",
                                      "--innodb-flush-log-at-trx-commit=1",
                                      "--innodb-buffer-pool-size=64M",
                                      "--innodb-log-file-size=16M",
                                      "--performance-schema=OFF",
                                      "--max-allowed-packet=64M",
                                      "--max-connections=300",
                                      "--character-set-server=utf8mb4"};
  if (port_ == 0) {
    command.push_back("--skip-networking");
  } else {
    command.push_back("--bind-address=127.0.0.1");
    command.push_back(absl::StrCat("--port=", port_));
  }
  for (const std::string& flag : AsRoot()) command.push_back(flag);
  process_.Spawn(command, folder_ + "/log");
  return AwaitReady();
}

absl::Status TestServer::AwaitReady() {
  Metrics metrics;
  PoolOptions options = pool_options("");
  const absl::Time until = absl::Now() + kReadyWithin;
  while (absl::Now() < until) {
    if (!process_.Running()) break;
    if (access(socket_.c_str(), F_OK) == 0 && NewPool(options, Clock::Real(), metrics)->Ping().ok()) {
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  return absl::InternalError("mariadbd is not ready: " + Tail(folder_ + "/log"));
}

PoolOptions TestServer::pool_options(const std::string& schema) const {
  return {.unix_socket = socket_, .user = "root", .schema = schema};
}

absl::Status TestServer::CreateSchema(const std::string& name) {
  return Run("", "DROP DATABASE IF EXISTS `" + name + "`;\nCREATE DATABASE `" + name +
                     "` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n");
}

absl::Status TestServer::Run(const std::string& schema, const std::string& statements) {
  Metrics metrics;
  return NewPool(pool_options(schema), Clock::Real(), metrics)
      ->Use("run", absl::InfiniteFuture(), [&](Connection& db) -> absl::Status {
        for (const absl::string_view statement : absl::StrSplit(statements, ";\n", absl::SkipWhitespace())) {
          TRIVIUM_RETURN_IF_ERROR(db.Execute(std::string(statement)).status());
        }
        return absl::OkStatus();
      });
}

void TestServer::Kill9() { process_.Terminate(SIGKILL); }

absl::Status TestServer::Restart() {
  process_.Terminate(SIGTERM);
  std::error_code ignored;
  std::filesystem::remove(socket_, ignored);
  return Launch();
}

void TestServer::Stop() { process_.Signal(SIGSTOP); }
void TestServer::Cont() { process_.Signal(SIGCONT); }

}  // namespace trivium::mysql
