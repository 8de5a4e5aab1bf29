#include "libs/xds/ads_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <utility>

#include "external/envoy/discovery.grpc.pb.h"
#include "libs/log/log.h"
#include "libs/xds/upstream_session.h"

namespace trivium::xds {
namespace {

using envoy::service::discovery::v3::AggregatedDiscoveryService;
using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

// One stream, from its start to its end.
class Stream : public grpc::ClientBidiReactor<DiscoveryRequest, DiscoveryResponse> {
 public:
  Stream(AggregatedDiscoveryService::Stub& stub, const std::string& node_id, ResourceStore& store, Metrics& metrics,
         ResourcesByType* resources, std::atomic<bool>& connected)
      : store_(store), metrics_(metrics), resources_(resources), connected_(connected), session_(node_id, resources) {
    stub.async()->StreamAggregatedResources(&context_, this);
    AddHold();  // Writes are also started from outside, when new names are wanted.
    StartRead(&response_);
    StartCall();
    subscription_ = store_.SubscribeWanted([this] { Pump(); });
    Pump();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Close();
      return;
    }
    if (!connected_.exchange(true)) metrics_.GetGauge(kUpstreamConnected).Set(1);
    answered_ = true;
    if (Take()) store_.Set(*resources_, ContentVersion(*resources_));
    Pump();
    StartRead(&response_);
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mu_);
      writing_ = false;
    }
    if (ok) Pump();
  }

  void OnDone(const grpc::Status& status) override {
    MutexLock lock(mu_);
    status_ = status;
    done_ = true;
    ended_.NotifyAll();
  }

  void Cancel() { context_.TryCancel(); }

  // Waits for the end of the stream.
  grpc::Status Wait() {
    MutexLock lock(mu_);
    while (!done_) ended_.Wait(mu_);
    return status_;
  }
  // Whether the server said anything on this stream. After Wait.
  bool answered() const { return answered_; }
  // After Wait: no callback may come any more.
  void Unsubscribe() { subscription_.reset(); }

 private:
  bool Take() {
    MutexLock lock(mu_);
    const int nacks = session_.nacks();
    const bool changed = session_.OnResponse(response_);
    if (session_.nacks() != nacks) {
      metrics_.GetCounter(kUpstreamNacks).Add();
      TRIVIUM_LOG(kError, "refused xds resources of control", {"type", response_.type_url()});
    }
    return changed;
  }

  void Pump() {
    const WantedNames wanted = store_.Wanted();
    MutexLock lock(mu_);
    if (closed_ || writing_ || !session_.Next(wanted, &request_)) return;
    writing_ = true;
    StartWrite(&request_);
  }

  void Close() {
    {
      MutexLock lock(mu_);
      closed_ = true;
    }
    connected_ = false;
    metrics_.GetGauge(kUpstreamConnected).Set(0);
    RemoveHold();
  }

  ResourceStore& store_;
  Metrics& metrics_;
  ResourcesByType* const resources_;  // Touched by OnReadDone only, which runs once at a time.
  std::atomic<bool>& connected_;
  std::atomic<bool> answered_{false};
  grpc::ClientContext context_;
  DiscoveryResponse response_;  // gRPC's while a read is under way.
  Mutex mu_;
  CondVar ended_;
  DiscoveryRequest request_ ABSL_GUARDED_BY(mu_);  // gRPC's while writing_.
  UpstreamSession session_ ABSL_GUARDED_BY(mu_);
  grpc::Status status_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  std::unique_ptr<ResourceStore::Subscription> subscription_;
};

std::shared_ptr<grpc::Channel> NewChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

struct AdsClient::Impl {
  void Run() {
    auto stub = AggregatedDiscoveryService::NewStub(NewChannel(options.address));
    ResourcesByType resources = store.Get()->by_type;
    std::minstd_rand random(std::random_device{}());
    absl::Duration backoff = options.min_backoff;
    while (true) {
      auto stream = std::make_shared<Stream>(*stub, options.node_id, store, metrics, &resources, connected);
      if (!Install(stream)) stream->Cancel();
      const grpc::Status status = stream->Wait();
      stream->Unsubscribe();
      if (stream->answered()) backoff = options.min_backoff;
      if (!Pause(backoff * std::uniform_real_distribution<>(0.8, 1.2)(random), status)) return;
      backoff = std::min(backoff * 2, options.max_backoff);
    }
  }

  bool Install(std::shared_ptr<Stream> stream) {
    MutexLock lock(mu);
    current = std::move(stream);
    return !stopping;
  }

  // false: stopping.
  bool Pause(absl::Duration pause, const grpc::Status& status) {
    MutexLock lock(mu);
    current.reset();
    if (!stopping) {
      TRIVIUM_LOG(kWarning, "control's ads stream ended; going on with the last good state",
                  {"error", status.error_message()}, {"retry_ms", absl::ToInt64Milliseconds(pause)});
      wake.WaitFor(mu, pause);
    }
    return !stopping;
  }

  const AdsClientOptions options;
  ResourceStore& store;
  Metrics& metrics;
  std::atomic<bool> connected{false};
  Mutex mu;
  CondVar wake;
  bool stopping ABSL_GUARDED_BY(mu) = false;
  std::shared_ptr<Stream> current ABSL_GUARDED_BY(mu);
  std::thread thread;
};

AdsClient::AdsClient(AdsClientOptions options, ResourceStore& store, Metrics& metrics)
    : impl_(new Impl{std::move(options), store, metrics}) {}

AdsClient::~AdsClient() { Stop(); }

void AdsClient::Start() {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

void AdsClient::Stop() {
  std::shared_ptr<Stream> stream;
  {
    MutexLock lock(impl_->mu);
    impl_->stopping = true;
    stream = impl_->current;
    impl_->wake.NotifyAll();
  }
  if (stream) stream->Cancel();
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool AdsClient::connected() const { return impl_->connected; }

}  // namespace trivium::xds
