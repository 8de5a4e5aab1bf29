// Stands for an instance of payment: registers with control over the real RegistryService, and answers GetPayment with
// its own name.
//
// usage: xds_backend --control HOST:PORT --name payment-a1 --cell cell-a --port PORT --pki FOLDER [--version V]
// Prints "ready" once control has taken it. SIGTERM: leaves in order (not ready first); SIGKILL is what the test is
// for.
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "libs/rpc/tls.h"
#include "trivium/control/v1/registry.grpc.pb.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace {

using trivium::control::v1::RegisterRequest;
using trivium::control::v1::RegisterResponse;
using trivium::control::v1::RegistryService;

volatile std::sig_atomic_t stopping = 0;

// Every payment's id is the name of who answers.
class NamedPayments : public trivium::payment::v1::PaymentService::Service {
 public:
  explicit NamedPayments(std::string name) : name_(std::move(name)) {}
  grpc::Status GetPayment(grpc::ServerContext*, const trivium::payment::v1::GetPaymentRequest*,
                          trivium::payment::v1::Payment* response) override {
    response->set_payment_id(name_);
    return grpc::Status::OK;
  }

 private:
  const std::string name_;
};

// One stream, with a heartbeat a second, until it ends or the process stops.
void Register(RegistryService::Stub& stub, RegisterRequest request) {
  grpc::ClientContext context;
  auto stream = stub.Register(&context);
  RegisterResponse response;
  bool told = false;
  while (stream->Write(request) && stream->Read(&response)) {
    if (!std::exchange(told, true)) {
      std::puts("ready");
      std::fflush(stdout);
    }
    if (!request.instance().ready()) break;
    for (int i = 0; i < 10 && !stopping; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (stopping) request.mutable_instance()->set_ready(false);
  }
  stream->WritesDone();
  stream->Finish();
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  for (const char* flag : {"--control", "--name", "--cell", "--port", "--pki"}) {
    if (flags[flag].empty()) {
      std::fprintf(stderr, "xds_backend: %s is missing\n", flag);
      return 2;
    }
  }
  std::signal(SIGTERM, [](int) { stopping = 1; });
  const std::string base = flags["--pki"] + "/service-payment";
  const trivium::rpc::TlsFiles tls{base + ".crt", base + ".key", flags["--pki"] + "/ca.crt"};
  const std::string address = "127.0.0.1:" + flags["--port"];

  NamedPayments payments(flags["--name"]);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, trivium::rpc::ServerTls(tls));
  builder.RegisterService(&payments);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;

  RegisterRequest request;
  request.mutable_instance()->set_instance_id(flags["--name"]);
  request.mutable_instance()->set_service("payment");
  request.mutable_instance()->set_cell(flags["--cell"]);
  request.mutable_instance()->set_address(address);
  request.mutable_instance()->set_version(flags["--version"]);
  request.mutable_instance()->set_ready(true);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetSslTargetNameOverride("localhost");
  const auto stub =
      RegistryService::NewStub(grpc::CreateCustomChannel(flags["--control"], trivium::rpc::ClientTls(tls), arguments));
  while (!stopping) {
    Register(*stub, request);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  // Clients that were told a moment ago still have calls on their way.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}
