#include "libs/redis/test_redis.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/redis/connection.h"
#include "libs/status/status.h"

namespace trivium::redis {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kReadyWithin = absl::Seconds(30);
constexpr absl::Duration kAnswerWithin = absl::Seconds(5);

// Debian's redis-tools has the server without its daemon: the checker of dumps is the server when it is started under
// the server's name.
absl::StatusOr<std::string> FindServer(const std::string& folder) {
  for (const char* path : {"/usr/bin/redis-server", "/usr/local/bin/redis-server"}) {
    if (access(path, X_OK) == 0) return path;
  }
  std::error_code failed;
  const std::string link = folder + "/redis-server";
  if (access("/usr/bin/redis-check-rdb", X_OK) == 0) fs::create_symlink("/usr/bin/redis-check-rdb", link, failed);
  if (fs::exists(link)) return link;
  return absl::FailedPreconditionError("no Redis server is there: install the package redis-tools");
}

std::string PasswordOf(const std::vector<std::string>& options) {
  const auto it = std::find(options.begin(), options.end(), "--requirepass");
  return it != options.end() && it + 1 != options.end() ? *(it + 1) : "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<TestRedis>> TestRedis::Start(std::vector<std::string> extra) {
  std::unique_ptr<TestRedis> redis(new TestRedis(std::move(extra)));
  redis->folder_ = MakeShortTempFolder("trvredis");
  if (redis->folder_.empty()) return absl::InternalError("no temporary folder can be made");
  redis->port_ = FreePort();
  redis->password_ = PasswordOf(redis->extra_);
  TRIVIUM_RETURN_IF_ERROR(redis->Launch());
  return redis;
}

TestRedis::~TestRedis() {
  process_.Terminate(SIGKILL);
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

std::string TestRedis::address() const { return absl::StrCat("127.0.0.1:", port_); }

ClientOptions TestRedis::client_options() const { return {.name = "test", .addresses = {address()}}; }

absl::Status TestRedis::Launch() {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string server, FindServer(folder_));
  fs::create_directories(folder_ + "/data");
  std::vector<std::string> command = {server,
                                      "--port",
                                      absl::StrCat(port_),
                                      "--bind",
                                      "127.0.0.1",
                                      "--dir",
                                      folder_ + "/data",
                                      "--appendonly",
                                      "yes",
                                      "--appendfsync",
                                      "always",
                                      "--save",
                                      "",
                                      "--maxmemory",
                                      "256mb",
                                      "--maxmemory-policy",
                                      "noeviction",
                                      "--repl-diskless-sync-delay",
                                      "0"};
  command.insert(command.end(), extra_.begin(), extra_.end());
  process_.Spawn(command, folder_ + "/log");
  return AwaitReady();
}

absl::Status TestRedis::AwaitReady() {
  for (const absl::Time until = absl::Now() + kReadyWithin; absl::Now() < until && process_.Running();) {
    if (Run({"PING"}).ok()) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::InternalError("the Redis server is not ready: " + Tail(folder_ + "/log"));
}

void TestRedis::Kill9() { process_.Terminate(SIGKILL); }

absl::Status TestRedis::Restart(Data data) {
  process_.Terminate(SIGTERM);
  if (data == Data::kWiped) Wipe();
  return Launch();
}

// A node of a cluster keeps what it knows of the others: it would be nobody without.
void TestRedis::Wipe() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_ + "/data", ignored)) {
    if (entry.path().filename() != "nodes.conf") fs::remove_all(entry.path(), ignored);
  }
}

void TestRedis::Stop() { process_.Signal(SIGSTOP); }
void TestRedis::Cont() { process_.Signal(SIGCONT); }

absl::Status TestRedis::ReplicateFrom(const TestRedis& master) {
  TRIVIUM_RETURN_IF_ERROR(Run({"REPLICAOF", "127.0.0.1", absl::StrCat(master.port())}).status());
  return AwaitLinked();
}

absl::Status TestRedis::AwaitLinked() {
  for (const absl::Time until = absl::Now() + kReadyWithin; absl::Now() < until;) {
    TRIVIUM_ASSIGN_OR_RETURN(const Reply reply, Run({"INFO", "replication"}));
    TRIVIUM_ASSIGN_OR_RETURN(const std::string info, reply.Text());
    if (info.find("master_link_status:up") != std::string::npos) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(20));
  }
  return absl::InternalError("the replica is not linked: " + Tail(folder_ + "/log"));
}

absl::Status TestRedis::BecomeMaster() { return Run({"REPLICAOF", "NO", "ONE"}).status(); }

absl::StatusOr<Reply> TestRedis::Run(std::vector<std::string> arguments) const {
  const absl::Duration until = Clock::Real().Monotonic() + kAnswerWithin;
  TRIVIUM_ASSIGN_OR_RETURN(auto connection,
                           Connection::Open({"127.0.0.1", port_}, {.password = password_}, until, Clock::Real()));
  return connection->Ask({std::move(arguments)}, until);
}

absl::StatusOr<std::vector<Reply>> TestRedis::RunOnAll(std::vector<std::string> arguments) const {
  TRIVIUM_ASSIGN_OR_RETURN(Reply reply, Run(std::move(arguments)));
  std::vector<Reply> replies;
  replies.push_back(std::move(reply));
  return replies;
}

}  // namespace trivium::redis
