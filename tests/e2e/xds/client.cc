// A stock gRPC C++ client: it follows the route plan by xDS and knows nothing of the platform but a method.
//
// usage: xds_client_cc TARGET CA CERTIFICATE KEY
// Calls without a pause until SIGTERM. Prints "backend NAME" whenever another backend answers, "failed REASON" for each
// call that fails, and "calls N failed M" at the end.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "trivium/payment/v1/payment.grpc.pb.h"

namespace {

volatile std::sig_atomic_t stopping = 0;

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Run(trivium::payment::v1::PaymentService::Stub& stub) {
  int calls = 0, failed = 0;
  std::string last;
  for (; !stopping; ++calls) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    trivium::payment::v1::Payment payment;
    const grpc::Status status = stub.GetPayment(&context, {}, &payment);
    if (!status.ok()) {
      ++failed;
      std::printf("failed %d %s\n", status.error_code(), status.error_message().c_str());
    } else if (payment.payment_id() != last) {
      last = payment.payment_id();
      std::printf("backend %s\n", last.c_str());
    }
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  std::printf("calls %d failed %d\n", calls, failed);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: xds_client_cc TARGET CA CERTIFICATE KEY\n", stderr);
    return 2;
  }
  std::signal(SIGTERM, [](int) { stopping = 1; });
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ReadFile(argv[2]);
  options.pem_cert_chain = ReadFile(argv[3]);
  options.pem_private_key = ReadFile(argv[4]);
  const auto stub =
      trivium::payment::v1::PaymentService::NewStub(grpc::CreateChannel(argv[1], grpc::SslCredentials(options)));
  Run(*stub);
  return 0;
}
