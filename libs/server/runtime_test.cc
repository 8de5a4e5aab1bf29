// The runtime as a process: signals, ports, files, exit statuses.
#include <arpa/inet.h>
#include <fcntl.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "absl/time/clock.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/testing.h"
#include "libs/sync/mutex.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium::server {
namespace {

using payment::v1::CreatePaymentRequest;
using payment::v1::Payment;
using payment::v1::PaymentService;

constexpr char kBinary[] = "libs/server/example_service";

rpc::TestPki& Pki() {
  static rpc::TestPki& pki = *new rpc::TestPki;
  return pki;
}

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string NewFolder() {
  std::string folder = std::string(std::getenv("TEST_TMPDIR")) + "/run.XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder;
}

// The example service as a child. Killed when it is still there at the end.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments) : folder_(NewFolder()) {
    std::vector<const char*> argv = {kBinary};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, out().c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_addopen(&files, 2, err().c_str(), O_WRONLY | O_CREAT, 0600);
    EXPECT_EQ(posix_spawn(&pid_, kBinary, &files, nullptr, const_cast<char**>(argv.data()), environ), 0);
    posix_spawn_file_actions_destroy(&files);
  }
  ~Process() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    Wait();
  }
  void Signal(int signal) const { kill(pid_, signal); }
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string Out() const { return Read(out()); }
  std::string Err() const { return Read(err()); }

 private:
  std::string out() const { return folder_ + "/out"; }
  std::string err() const { return folder_ + "/err"; }
  const std::string folder_;
  pid_t pid_ = 0;
};

// A config file and what the service writes.
struct Home {
  std::string folder = NewFolder(), config = folder + "/service.yaml", log = folder + "/log",
              journal = folder + "/journal";

  void Write(const std::string& more = "", const std::string& server = "") const {
    const rpc::TlsFiles tls = Pki().Service("payment");
    std::ofstream(config)
        << "server:\n  instance_id: payment-1\n  lame_duck: 200ms\n  drain_timeout: 5s\n  log:\n    path: " << log
        << "\n  tls:\n    certificate_file: " << tls.certificate << "\n    key_file: " << tls.key
        << "\n    ca_file: " << tls.ca << "\n"
        << server << "secret: hunter2\nmore_secrets: [hunter3, hunter4]\njournal: " << journal << "\n"
        << more;
  }
  // The line with this message, once it is there.
  nlohmann::json AwaitLog(const std::string& message) const {
    for (int i = 0; i < 1000; ++i) {
      std::istringstream lines(Read(log));
      for (std::string line; std::getline(lines, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_discarded() && json.value("message", "") == message) return json;
      }
      absl::SleepFor(absl::Milliseconds(10));
    }
    ADD_FAILURE() << "no line \"" << message << "\" in " << Read(log);
    return {};
  }
  std::string GrpcAddress() const { return "127.0.0.1:" + std::to_string(AwaitLog("started").value("grpc_port", 0)); }
  std::unique_ptr<PaymentService::Stub> Dial() const {
    return PaymentService::NewStub(rpc::DirectChannel(GrpcAddress(), "acme.payment.trivium", Pki().Product("acme")));
  }
  // An HTTP/1.1 request to the admin port; the whole answer.
  std::string Admin(const std::string& request_line, const std::string& body = "") const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(AwaitLog("started").value("admin_port", 0)));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const std::string request = request_line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body;
    EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
    std::string answer;
    char buffer[4096];
    for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) answer.append(buffer, static_cast<size_t>(n));
    close(fd);
    return answer;
  }
};

grpc::Status Create(PaymentService::Stub& stub, const std::string& order_ref, Payment* out) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  CreatePaymentRequest request;
  request.set_order_ref(order_ref);
  return stub.CreatePayment(&context, request, out);
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(RuntimeTest, AnswersItsFlags) {
  Process version({"--version"});
  EXPECT_EQ(version.Wait(), 0);
  EXPECT_TRUE(Contains(version.Out(), "payment 0.")) << version.Out();
  Process help({"--help"});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_TRUE(Contains(help.Out(), "--check_config"));
  Process defaults({"--print_default_config"});
  EXPECT_EQ(defaults.Wait(), 0);
  EXPECT_TRUE(Contains(defaults.Out(), "worker_threads: 32") && Contains(defaults.Out(), "greeting: "))
      << defaults.Out();
  EXPECT_TRUE(Contains(defaults.Out(), "# What each answer says.")) << defaults.Out();
  Process unknown({"--chek_config"});
  EXPECT_EQ(unknown.Wait(), 2);
  EXPECT_EQ(unknown.Err(), "payment: --chek_config: unknown flag, do you mean --check_config?\n");
  Process nothing({});
  EXPECT_EQ(nothing.Wait(), 2);
}

TEST(RuntimeTest, ChecksAConfig) {
  Home home;
  home.Write();
  Process good({"--config", home.config, "--check_config"});
  EXPECT_EQ(good.Wait(), 0) << good.Err();
  home.Write("work_ms: 70000\n");
  Process range({"--config=" + home.config, "--check_config"});
  EXPECT_EQ(range.Wait(), 2);
  EXPECT_EQ(range.Err(), "payment: work_ms: 70000, want 0-60000\n");
  home.Write("greting: hi\n");
  Process unknown({"--config", home.config});
  EXPECT_EQ(unknown.Wait(), 2);
  EXPECT_TRUE(Contains(unknown.Err(), "greeting")) << unknown.Err();
}

TEST(RuntimeTest, SaysOneLineWhenItCannotStart) {
  Home home;
  home.Write();
  Process first({"--config", home.config});
  Home second;
  second.Write("", "  grpc_address: " + home.GrpcAddress() + "\n");
  Process occupied({"--config", second.config});
  EXPECT_EQ(occupied.Wait(), 1);
  EXPECT_EQ(occupied.Err(),
            "payment: cannot listen on " + home.GrpcAddress() +
                ": Address already in use; stop what uses the port (ss -ltnp) or change server.grpc_address\n");
  Home third;
  third.journal = "/nowhere/journal";
  third.Write();
  Process refused({"--config", third.config});
  EXPECT_EQ(refused.Wait(), 1);
  EXPECT_EQ(refused.Err(), "payment: journal: /nowhere/journal: cannot be written\n");
  Home fourth;
  fourth.Write("", "  advertise_address: no-such-host.invalid:9000\n");
  Process nameless({"--config", fourth.config});
  EXPECT_EQ(nameless.Wait(), 1);
  EXPECT_TRUE(Contains(nameless.Err(), "payment: server.advertise_address: no-such-host.invalid:9000: "))
      << nameless.Err();
  first.Signal(SIGTERM);
  EXPECT_EQ(first.Wait(), 0) << first.Err();
}

TEST(RuntimeTest, ShowsItselfOnTheAdminPort) {
  Home home;
  home.Write();
  Process process({"--config", home.config});
  const std::string metrics = home.Admin("GET /metrics");
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds",
                           "trivium_build_info{", "trivium_ready 1", "trivium_tls_certificate_expiry_time_seconds"}) {
    EXPECT_TRUE(Contains(metrics, name)) << name << " in " << metrics;
  }
  EXPECT_TRUE(Contains(home.Admin("GET /healthz"), "200"));
  EXPECT_TRUE(Contains(home.Admin("GET /readyz"), "ready"));
  EXPECT_TRUE(Contains(home.Admin("GET /version"), "\"service\": \"payment\""));
  EXPECT_TRUE(Contains(home.Admin("GET /inflight"), "\"in_flight\": 0"));
  const std::string config = home.Admin("GET /config");
  EXPECT_TRUE(Contains(config, "***") && Contains(config, "payment-1")) << config;
  EXPECT_FALSE(Contains(config, "hunter")) << config;
  EXPECT_TRUE(Contains(home.Admin("GET /loglevel"), "info"));
  EXPECT_TRUE(Contains(home.Admin("POST /loglevel", "level=debug"), "debug"));
  EXPECT_TRUE(Contains(home.Admin("GET /loglevel"), "debug"));
  EXPECT_TRUE(Contains(home.Admin("POST /loglevel", "level=loud"), "400"));
}

TEST(RuntimeTest, AnswersHealth) {
  Home home;
  home.Write();
  Process process({"--config", home.config});
  grpc::GenericStub stub(rpc::DirectChannel(home.GrpcAddress(), "any.payment.trivium", Pki().Product("acme")));
  // HealthCheckRequest{service = 1}: the whole, one that is there, one that is not; HealthCheckResponse{status = 1
  // SERVING}.
  const std::map<std::string, bool> services = {
      {"", true}, {"trivium.payment.v1.PaymentService", true}, {"trivium.push.v1.PushService", false}};
  for (const auto& [service, known] : services) {
    std::string bytes = service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
    grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1), response;
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::Status status;
    const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag;
    bool ok;
    queue.Next(&tag, &ok);
    EXPECT_EQ(status.ok(), known) << service << status.error_message();
    if (!known) continue;
    grpc::Slice answer;
    ASSERT_TRUE(response.DumpToSingleSlice(&answer).ok());
    EXPECT_EQ(std::string(answer.begin(), answer.end()), "\x08\x01");
  }
}

TEST(RuntimeTest, ListsItsServicesByReflection) {
  Home home;
  home.Write();
  Process process({"--config", home.config});
  grpc::GenericStub stub(rpc::DirectChannel(home.GrpcAddress(), "any.payment.trivium", Pki().Product("acme")));
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call =
      stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  call->StartCall(nullptr);
  ASSERT_TRUE(next());
  grpc::Slice list_services(std::string("\x3a\x01*"));  // ServerReflectionRequest{list_services = 7}
  call->Write(grpc::ByteBuffer(&list_services, 1), nullptr);
  ASSERT_TRUE(next());
  grpc::ByteBuffer response;
  call->Read(&response, nullptr);
  ASSERT_TRUE(next());
  grpc::Slice answer;
  ASSERT_TRUE(response.DumpToSingleSlice(&answer).ok());
  EXPECT_TRUE(Contains(std::string(answer.begin(), answer.end()), "trivium.payment.v1.PaymentService"));
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
}

TEST(RuntimeTest, ReloadsWhatMayChangeAndRefusesTheRest) {
  Home home;
  home.Write("greeting: one\n");
  Process process({"--config", home.config});
  const auto stub = home.Dial();
  Payment out;
  ASSERT_TRUE(Create(*stub, "o", &out).ok());
  EXPECT_EQ(out.subject(), "one");
  home.Write("greeting: two\n");
  process.Signal(SIGHUP);
  home.AwaitLog("config reloaded");
  ASSERT_TRUE(Create(*stub, "o", &out).ok());
  EXPECT_EQ(out.subject(), "two");
  home.Write("greeting: three\nwork_ms: 1\n");
  process.Signal(SIGHUP);
  EXPECT_TRUE(Contains(home.AwaitLog("reload refused: the config stays as it was").dump(), "work_ms"));
  ASSERT_TRUE(Create(*stub, "o", &out).ok());
  EXPECT_EQ(out.subject(), "two");
}

// Calls go on while the process is told to stop. Each that was run has its answer, and each that has none was not run:
// a client may safely repeat it (CANCELLED: docs/adr/0008).
TEST(RuntimeTest, ADrainLosesNoCall) {
  Home home;
  home.Write("work_ms: 50\n");
  Process process({"--config", home.config});
  const auto stub = home.Dial();
  Mutex mu;
  std::set<std::string> answered, refused;
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const std::string order = "t" + std::to_string(t) + "-" + std::to_string(i);
        Payment out;
        const grpc::Status status = Create(*stub, order, &out);
        MutexLock lock(mu);
        if (status.ok()) {
          answered.insert(order);
          continue;
        }
        EXPECT_TRUE(status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                    status.error_code() == grpc::StatusCode::CANCELLED)
            << status.error_code() << " " << status.error_message();
        refused.insert(order);
        return;
      }
    });
  }
  absl::SleepFor(absl::Milliseconds(500));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0) << process.Err();
  for (std::thread& caller : callers) caller.join();
  std::set<std::string> ran;
  std::istringstream lines(Read(home.journal));
  for (std::string line; std::getline(lines, line);) EXPECT_TRUE(ran.insert(line).second) << line << " twice";
  EXPECT_EQ(ran, answered);
  EXPECT_GT(answered.size(), 20u);
  EXPECT_EQ(refused.size(), 8u);
  home.AwaitLog("door closed");  // While workers still took what came in.
  home.AwaitLog("stopped");
}

TEST(RuntimeTest, IsNotReadyWhileItDrainsAndStillTakesCalls) {
  Home home;
  home.Write("work_ms: 1000\n", "");
  Process process({"--config", home.config});
  const auto stub = home.Dial();
  std::thread caller([&] {
    Payment out;
    EXPECT_TRUE(Create(*stub, "running", &out).ok());
  });
  while (!Contains(home.Admin("GET /inflight"), "\"in_flight\": 1")) absl::SleepFor(absl::Milliseconds(5));
  process.Signal(SIGTERM);
  home.AwaitLog("draining");
  EXPECT_TRUE(Contains(home.Admin("GET /readyz"), "503"));
  EXPECT_TRUE(Contains(home.Admin("GET /healthz"), "200"));
  caller.join();
  EXPECT_EQ(process.Wait(), 0);
}

TEST(RuntimeTest, EndsAlsoWhenACallDoesNot) {
  Home home;
  home.Write("work_ms: 60000\n", "  drain_timeout: 100ms\n");
  std::string text = Read(home.config);
  text.replace(text.find("  drain_timeout: 5s\n"), 20, "");
  std::ofstream(home.config) << text;
  Process process({"--config", home.config});
  const auto stub = home.Dial();
  std::thread caller([&] {
    Payment out;
    EXPECT_FALSE(Create(*stub, "hangs", &out).ok());
  });
  while (!Contains(home.Admin("GET /inflight"), "\"in_flight\": 1")) absl::SleepFor(absl::Milliseconds(5));
  process.Signal(SIGTERM);
  caller.join();
  EXPECT_EQ(process.Wait(), 3);
}

}  // namespace
}  // namespace trivium::server
