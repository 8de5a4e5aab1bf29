// One command, by four ways: over HTTP and over the socket through the gateway; gRPC through nginx; gRPC past both.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/jwt/signer.h"
#include "libs/status/status.h"
#include "tests/load/cpu_meter.h"
#include "tests/load/fleet.h"
#include "tests/load/gateway_phases.h"
#include "tests/load/http_caller.h"
#include "tests/load/nginx_proxy.h"
#include "tests/load/product_tls.h"
#include "tests/load/samples.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium::load {

namespace api = trivium::payment::v1;

namespace {

using nlohmann::json;

// GetPayment for users: `trv load` publishes it.
constexpr char kCommand[] = "load.payment.get";

struct Way {
  std::string name;
  PhaseResult result;
  double proxy_cpu_seconds = -1;  // Of what stands before the service.
};

// Runs calls in a closed loop for a time. start: begins a loop of one call after the other; each call says when it is
// done, and goes on when that answers true.
class ClosedLoop {
 public:
  ClosedLoop(absl::Duration length, Samples& samples) : end_(absl::Now() + length), samples_(samples) {}
  // Call it at a call's begin and with the same time at its end.
  bool Done(absl::Time begin, const std::string& error) {
    const absl::Time now = absl::Now();
    if (error.empty()) {
      if (now <= end_) samples_.Done(now - begin);
    } else {
      samples_.Failed(error);
    }
    if (now < end_) return true;
    --running_;
    return false;
  }
  void Begin() { ++running_; }
  void Wait() const {
    for (int i = 0; running_ > 0 && (i < 1000 || absl::Now() < end_ + absl::Seconds(10)); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

 private:
  const absl::Time end_;
  Samples& samples_;
  std::atomic<int> running_ = 0;
};

// One after the other over a stub.
struct GrpcCaller {
  api::PaymentService::Stub& stub;
  const std::string payment_id;
  ClosedLoop& loop;

  void Next() {
    struct Call {
      grpc::ClientContext context;
      api::GetPaymentRequest request;
      api::Payment answer;
      absl::Time begin = absl::Now();
    };
    auto call = std::make_shared<Call>();
    call->request.set_payment_id(payment_id);
    call->context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    stub.async()->GetPayment(&call->context, &call->request, &call->answer, [this, call](const grpc::Status& status) {
      if (loop.Done(call->begin, status.ok() ? "" : absl::StrCat("code ", status.error_code()))) Next();
    });
  }
};

PhaseResult RunGrpc(const GatewayFlags& flags, const std::vector<std::unique_ptr<api::PaymentService::Stub>>& stubs,
                    const std::string& payment_id) {
  Samples samples;
  ClosedLoop loop(absl::Seconds(flags.seconds), samples);
  std::vector<std::unique_ptr<GrpcCaller>> callers;
  for (int i = 0; i < flags.concurrency; ++i) {
    callers.push_back(std::make_unique<GrpcCaller>(GrpcCaller{*stubs[i % stubs.size()], payment_id, loop}));
    loop.Begin();
    callers.back()->Next();
  }
  loop.Wait();
  PhaseResult result;
  result.seconds = flags.seconds;
  samples.Into(result);
  return result;
}

PhaseResult RunHttp(const GatewayFlags& flags, client::Loop& io, const std::string& token,
                    const std::string& payment_id) {
  const std::string body = absl::StrCat("{\"paymentId\":\"", payment_id, "\"}");
  const std::string request = absl::StrCat(
      "POST /command/", kCommand, " HTTP/1.1\r\nHost: ", flags.gateway, "\r\nAuthorization: Bearer ", token,
      "\r\nContent-Type: application/json\r\nConnect-Protocol-Version: 1\r\nContent-Length: ", body.size(), "\r\n\r\n",
      body);
  Samples samples;
  ClosedLoop loop(absl::Seconds(flags.seconds), samples);
  std::vector<std::unique_ptr<HttpCaller>> callers;
  std::vector<absl::Time> begins(static_cast<size_t>(flags.concurrency), absl::Now());
  for (int i = 0; i < flags.concurrency; ++i) {
    absl::Time* begin = &begins[i];
    callers.push_back(std::make_unique<HttpCaller>(flags.gateway, request, io, [&loop, begin](int status) {
      const bool more = loop.Done(*begin, status == 200 ? "" : absl::StrCat("HTTP ", status));
      *begin = absl::Now();
      return more;
    }));
    loop.Begin();
  }
  for (const auto& caller : callers) caller->Start();
  loop.Wait();
  callers.clear();
  PhaseResult result;
  result.seconds = flags.seconds;
  samples.Into(result);
  return result;
}

// One call after the other over a connection of the fleet.
struct SocketCaller {
  client::Connection& connection;
  const std::string data;
  ClosedLoop& loop;

  void Next() {
    const absl::Time begin = absl::Now();
    connection.Call(kCommand, data, [this, begin](const absl::StatusOr<std::string>& answer) {
      if (loop.Done(begin, answer.ok() ? "" : std::string(answer.status().message()))) Next();
    });
  }
};

PhaseResult RunSocket(const GatewayFlags& flags, Fleet& fleet, const std::string& payment_id) {
  Samples samples;
  ClosedLoop loop(absl::Seconds(flags.seconds), samples);
  std::vector<std::unique_ptr<SocketCaller>> callers;
  for (int i = 0; i < flags.concurrency; ++i) {
    callers.push_back(std::make_unique<SocketCaller>(
        SocketCaller{fleet.connection(i % fleet.size()), absl::StrCat("{\"paymentId\":\"", payment_id, "\"}"), loop}));
    loop.Begin();
    callers.back()->Next();
  }
  loop.Wait();
  fleet.Barrier();
  PhaseResult result;
  result.seconds = flags.seconds;
  samples.Into(result);
  return result;
}

std::vector<std::unique_ptr<api::PaymentService::Stub>> StubsOf(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials, const std::string& name) {
  std::vector<std::unique_ptr<api::PaymentService::Stub>> stubs;
  for (int i = 0; i < 4; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("trivium.load.channel", i);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (!name.empty()) arguments.SetSslTargetNameOverride(name);
    stubs.push_back(api::PaymentService::NewStub(grpc::CreateCustomChannel(address, credentials, arguments)));
  }
  return stubs;
}

absl::StatusOr<std::string> CreateOnePayment(api::PaymentService::Stub& stub, const std::string& run_id) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  api::CreatePaymentRequest request;
  request.set_request_id(run_id + ":rpc");
  request.set_order_ref(run_id + "-rpc");
  request.mutable_amount()->set_amount_minor(100);
  request.mutable_amount()->set_currency_code("CNY");
  request.set_subject("负载 load");
  request.set_institution_id("load-0");
  request.mutable_timeout()->set_seconds(24 * 3600);
  api::Payment answer;
  const grpc::Status status = stub.CreatePayment(&context, request, &answer);
  if (!status.ok()) return absl::UnavailableError("CreatePayment: " + status.error_message());
  return answer.payment_id();
}

void Print(const Way& way) {
  std::string errors;
  for (const auto& [reason, count] : way.result.errors)
    absl::StrAppend(&errors, errors.empty() ? "" : ", ", reason, " ", count);
  std::printf("%-22s %10.0f %9.2f %9.2f %16.1f  %s\n", way.name.c_str(), way.result.PerSecond(), way.result.p50_ms,
              way.result.p99_ms,
              way.result.done > 0 && way.proxy_cpu_seconds >= 0
                  ? way.proxy_cpu_seconds / static_cast<double>(way.result.done) * 1e6
                  : 0.0,
              errors.empty() ? "no errors" : errors.c_str());
}

json ToJson(const Way& way) {
  return {{"way", way.name},
          {"calls", way.result.done},
          {"per_second", way.result.PerSecond()},
          {"p50_ms", way.result.p50_ms},
          {"p99_ms", way.result.p99_ms},
          {"proxy_cpu_seconds", way.proxy_cpu_seconds < 0 ? json() : json(way.proxy_cpu_seconds)},
          {"errors", way.result.errors}};
}

}  // namespace

absl::StatusOr<json> MeasureRpc(const GatewayFlags& flags, const std::string& run_id) {
  TRIVIUM_ASSIGN_OR_RETURN(const grpc::SslCredentialsOptions tls, ReadProductTls(flags.pki, flags.product));
  const std::string name = flags.product + ".payment.trivium";
  const auto direct = StubsOf(flags.payment_address, grpc::SslCredentials(tls), name);
  TRIVIUM_ASSIGN_OR_RETURN(const std::string payment_id, CreateOnePayment(*direct[0], run_id));
  TRIVIUM_ASSIGN_OR_RETURN(
      const std::unique_ptr<Fleet> fleet,
      Fleet::Create(flags, {.connections = std::min(flags.concurrency, 64), .form = client::Form::kJson}));
  TRIVIUM_RETURN_IF_ERROR(fleet->Open(absl::Seconds(30)));
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<client::Loop> io, client::Loop::Start());

  const auto gateway_cpu = [&] { return ServerCpuSeconds(flags.pid, "").value_or(-1); };
  const auto measure = [](const std::string& way_name, const auto& cpu, const auto& run) {
    std::fprintf(stderr, "%s\n", way_name.c_str());
    const double before = cpu();
    Way way{way_name, run()};
    if (before >= 0) way.proxy_cpu_seconds = cpu() - before;
    return way;
  };
  std::vector<Way> ways;
  const std::string token = fleet->TokenOfUser(flags.product, "load-0");
  ways.push_back(measure("gateway, HTTP, JSON", gateway_cpu, [&] { return RunHttp(flags, *io, token, payment_id); }));
  ways.push_back(measure("gateway, socket, JSON", gateway_cpu, [&] { return RunSocket(flags, *fleet, payment_id); }));
  std::string skipped;
  const auto nginx = NginxProxy::Start({flags.payment_address, name, flags.pki, flags.product});
  if (nginx.ok()) {
    const auto stubs = StubsOf((*nginx)->address(), grpc::InsecureChannelCredentials(), "");
    ways.push_back(measure(
        "nginx grpc_pass", [&] { return (*nginx)->CpuSeconds(); }, [&] { return RunGrpc(flags, stubs, payment_id); }));
  } else {
    skipped = std::string(nginx.status().message());
  }
  ways.push_back(measure(
      "gRPC, nothing between", [] { return -1.0; }, [&] { return RunGrpc(flags, direct, payment_id); }));

  std::printf("%-22s %10s %9s %9s %16s\n", "GetPayment", "calls/s", "p50 ms", "p99 ms", "proxy CPU us");
  json report = {{"concurrency", flags.concurrency}, {"ways", json::array()}};
  for (const Way& way : ways) {
    Print(way);
    report["ways"].push_back(ToJson(way));
  }
  if (!skipped.empty()) std::printf("nginx is left out: %s\n", skipped.c_str());
  report["nginx_skipped"] = skipped;
  if (skipped.empty() && ways[2].result.PerSecond() > 0) {
    report["http_over_nginx"] = ways[0].result.PerSecond() / ways[2].result.PerSecond();
    std::printf("gateway over nginx: %.2fx\n", report["http_over_nginx"].get<double>());
  }
  if (ways[0].result.done == 0)
    return absl::UnavailableError("nothing was answered over HTTP; is " + std::string(kCommand) + " published?");
  return report;
}

}  // namespace trivium::load
