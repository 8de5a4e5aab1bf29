#include "services/gateway/execution/testing.h"

#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <future>

#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

std::string ToString(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.Valid() || !buffer.DumpToSingleSlice(&slice).ok()) return "";
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

}  // namespace

class GenericBackend::Service : public grpc::CallbackGenericService {
 public:
  explicit Service(Answer answer) : answer_(std::move(answer)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

  const Answer answer_;
  std::atomic<int> held{0}, cancelled{0};
};

class GenericBackend::Call : public grpc::ServerGenericBidiReactor {
 public:
  Call(Service& service, grpc::GenericCallbackServerContext* context) : service_(service), context_(context) {
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return FinishOnce(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
    SeenCall seen{.method = context_->method(), .metadata = {}, .request = ToString(request_), .time_left = {}};
    for (const auto& [name, value] : context_->client_metadata())
      seen.metadata.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    seen.time_left = absl::FromChrono(context_->deadline()) - absl::Now();
    BackendAnswer answer = service_.answer_(seen);
    if (answer.never) {
      ++service_.held;
      return;
    }
    if (!answer.status.ok()) return FinishOnce(answer.status);
    const grpc::Slice slice(answer.bytes);
    response_ = grpc::ByteBuffer(&slice, 1);
    if (!finished_.exchange(true)) StartWriteAndFinish(&response_, {}, answer.status);
  }
  void OnCancel() override {
    ++service_.cancelled;
    FinishOnce(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  void FinishOnce(const grpc::Status& status) {
    if (!finished_.exchange(true)) Finish(status);
  }

  Service& service_;
  grpc::GenericCallbackServerContext* const context_;
  grpc::ByteBuffer request_, response_;
  std::atomic<bool> finished_{false};
};

grpc::ServerGenericBidiReactor* GenericBackend::Service::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new Call(*this, context);
}

GenericBackend::GenericBackend(Answer answer) : service_(std::make_unique<Service>(std::move(answer))) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
}

GenericBackend::~GenericBackend() { server_->Shutdown(std::chrono::system_clock::now()); }

std::shared_ptr<grpc::Channel> GenericBackend::Dial() const {
  return grpc::CreateChannel("127.0.0.1:" + std::to_string(port_), grpc::InsecureChannelCredentials());
}

int GenericBackend::held() const { return service_->held; }
int GenericBackend::cancelled() const { return service_->cancelled; }

ExecutorWorld::ExecutorWorld(GenericBackend::Answer answer, ExecutorOptions options)
    : backend_(std::move(answer)),
      table_(tokens_.source(), tokens_.metrics()),
      limiter_({}, tokens_.clock(), tokens_.metrics()),
      access_log_({.sample = 0, .lines_per_second = 0}, tokens_.clock(), tokens_.metrics()),
      caller_(std::make_unique<GrpcServiceCaller>(
          [this](std::string_view product, std::string_view service, bool repeatable) {
            MutexLock lock(mu_);
            dialled_.push_back({std::string(product), std::string(service), repeatable});
            return backend_.Dial();
          },
          tokens_.metrics())),
      executor_(std::make_unique<CommandExecutor>(
          options, CommandExecutor::Parts{table_, tokens_.profiles(), limiter_, *caller_, pool_, access_log_,
                                          tokens_.clock(), tokens_.metrics()})) {
  tokens_.AddProduct("acme", acme_, {"https://class.acme.com"});
  tokens_.AddProduct("globex", globex_, {"https://globex.com"});
  source().PutDescriptors(DescriptorSetOf({testing::Everything::descriptor()->file()}).SerializeAsString());
  source().Put("echo", GoodCommand());
  Refresh();
}

ExecutorWorld::~ExecutorWorld() {
  pool_.Stop();
  caller_->Stop();
}

void ExecutorWorld::Refresh() {
  tokens_.Refresh();
  table_.Refresh();
}

std::vector<ExecutorWorld::Dialled> ExecutorWorld::dialled() const {
  MutexLock lock(mu_);
  return dialled_;
}

absl::StatusOr<std::string> ExecutorWorld::Run(CommandCall call) {
  auto answered = std::make_shared<std::promise<absl::StatusOr<std::string>>>();
  std::future<absl::StatusOr<std::string>> answer = answered->get_future();
  executor_->Execute(std::move(call),
                     [answered](absl::StatusOr<std::string> result) { answered->set_value(std::move(result)); });
  if (answer.wait_for(std::chrono::seconds(20)) != std::future_status::ready)
    return absl::InternalError("no answer within 20 s");
  return answer.get();
}

CommandCall ExecutorWorld::UserCall(const std::string& name, std::string json) {
  CommandCall call;
  call.product = "acme";
  call.uid = "u-7";
  call.scope = AuthScope::kUser;
  call.peer = "203.0.113.7";
  call.name = name;
  call.payload = std::move(json);
  return call;
}

}  // namespace trivium::gateway
