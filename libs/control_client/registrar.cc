#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <utility>

#include "libs/clock/clock.h"
#include "libs/control_client/control_client.h"
#include "libs/control_client/watch_loop.h"
#include "libs/log/log.h"
#include "libs/rpc/wire_status.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/trace.h"
#include "trivium/control/v1/registry.grpc.pb.h"

namespace trivium::control_client {
namespace {

using control::v1::Instance;
using control::v1::RegisterRequest;
using control::v1::RegisterResponse;
using control::v1::RegistryService;

constexpr absl::Duration kHeartbeat = absl::Seconds(1);
constexpr absl::Duration kPoll = absl::Milliseconds(100);  // How soon a change of readiness is told.
constexpr absl::Duration kNoAnswer = absl::Seconds(5);     // To five heartbeats: control hangs.

// One registration stream. Thread-safe; the destructor cancels it and waits for its end.
class Session : public grpc::ClientBidiReactor<RegisterRequest, RegisterResponse> {
 public:
  explicit Session(RegistryService::Stub& stub) {
    context_.AddMetadata(std::string(kTraceparent), TraceContext::NewRoot().ToHeader());
    stub.async()->Register(&context_, this);
    AddHold();  // Writes come from another thread.
    StartRead(&response_);
    StartCall();
  }
  ~Session() override {
    context_.TryCancel();
    Release();
    MutexLock lock(mu_);
    while (!done_) changed_.Wait(mu_);
  }

  enum class Sent { kYes, kBusy, kEnded };
  // Sends, unless the last message is still under way.
  Sent Send(const Instance& instance) {
    MutexLock lock(mu_);
    if (broken_) return Sent::kEnded;
    if (writing_) return Sent::kBusy;
    writing_ = true;
    *request_.mutable_instance() = instance;
    StartWrite(&request_);
    return Sent::kYes;
  }
  // Waits for an answer or the end, at most `limit`.
  void Wait(absl::Duration limit) {
    MutexLock lock(mu_);
    if (!broken_) changed_.WaitFor(mu_, limit);
  }
  void Cancel() { context_.TryCancel(); }
  int64_t answers() const {
    MutexLock lock(mu_);
    return answers_;
  }
  // Why it ended; waits for gRPC to say it.
  std::string End() {
    context_.TryCancel();
    Release();
    MutexLock lock(mu_);
    while (!done_) changed_.Wait(mu_);
    return rpc::FromGrpcStatus(status_).ToString();
  }

 private:
  void Release() {
    {
      MutexLock lock(mu_);
      broken_ = true;
      if (released_) return;
      released_ = true;
    }
    RemoveHold();
  }
  void OnReadDone(bool ok) override {
    MutexLock lock(mu_);
    broken_ |= !ok;
    answers_ += ok ? 1 : 0;
    changed_.NotifyAll();
    if (ok) StartRead(&response_);
  }
  void OnWriteDone(bool ok) override {
    MutexLock lock(mu_);
    writing_ = false;
    broken_ |= !ok;
    changed_.NotifyAll();
  }
  void OnDone(const grpc::Status& status) override {
    MutexLock lock(mu_);
    status_ = status;
    done_ = true;
    changed_.NotifyAll();
  }

  grpc::ClientContext context_;
  RegisterRequest request_;    // gRPC's while writing_.
  RegisterResponse response_;  // gRPC's.
  mutable Mutex mu_;
  CondVar changed_;
  int64_t answers_ ABSL_GUARDED_BY(mu_) = 0;
  bool writing_ ABSL_GUARDED_BY(mu_) = false, broken_ ABSL_GUARDED_BY(mu_) = false,
                released_ ABSL_GUARDED_BY(mu_) = false, done_ ABSL_GUARDED_BY(mu_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

struct Registrar::Impl {
  Impl(Options options, const Instance& instance, std::function<bool()> ready, Metrics& metrics)
      : options(std::move(options)), instance(instance), ready(std::move(ready)), loop("registry", metrics) {}

  std::string Follow();
  // The state of now; true in `changed` when readiness differs from the last one sent.
  Instance Now(bool last_sent, bool* changed) const {
    Instance now = instance;
    now.set_ready(!draining.load() && ready());
    *changed = now.ready() != last_sent;
    return now;
  }

  const Options options;
  const Instance instance;
  const std::function<bool()> ready;
  std::atomic<bool> draining{false};
  std::unique_ptr<RegistryService::Stub> stub;
  WatchLoop loop;  // Last: its thread uses the rest.
};

Registrar::Registrar(Options options, const Instance& instance, std::function<bool()> ready, Clock&, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), instance, std::move(ready), metrics)) {}

Registrar::~Registrar() { Stop(); }

void Registrar::Start() {
  if (impl_->options.control_address.empty()) return;
  impl_->stub =
      RegistryService::NewStub(rpc::DirectChannel(impl_->options.control_address, kControlName, impl_->options.tls));
  impl_->loop.Start([this] { return impl_->Follow(); });
}

void Registrar::Drain() { impl_->draining.store(true); }

void Registrar::Stop() { impl_->loop.Stop(); }

std::string Registrar::Impl::Follow() {
  const Clock& clock = Clock::Real();
  Session session(*stub);
  loop.SetInterrupt([&session] { session.Cancel(); });
  absl::Duration sent = -absl::InfiniteDuration(), answered = clock.Monotonic();
  int64_t answers = 0;
  bool last_ready = false;
  while (!loop.stopping()) {
    bool changed = false;
    const Instance now = Now(last_ready, &changed);
    if (changed || clock.Monotonic() - sent >= kHeartbeat) {
      const Session::Sent outcome = session.Send(now);
      if (outcome == Session::Sent::kEnded) break;
      if (outcome == Session::Sent::kYes) {
        sent = clock.Monotonic();
        last_ready = now.ready();
      }
    }
    session.Wait(kPoll);
    if (session.answers() != answers) {
      answers = session.answers();
      answered = clock.Monotonic();
      loop.Connected();
    }
    if (clock.Monotonic() - answered >= kNoAnswer) break;
  }
  loop.SetInterrupt(nullptr);
  return session.End();
}

}  // namespace trivium::control_client
