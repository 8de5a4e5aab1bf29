#include "libs/xds/ads_server.h"

#include <grpcpp/grpcpp.h>

#include <set>
#include <string>
#include <utility>

#include "external/envoy/discovery.grpc.pb.h"
#include "libs/log/log.h"
#include "libs/xds/ads_session.h"

namespace trivium::xds {
namespace {

using envoy::service::discovery::v3::AggregatedDiscoveryService;
using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

constexpr size_t kMaxLoggedBytes = 300;

// Last part of a type URL, of those that we know: a metric's label must not come from outside.
std::string TypeLabel(std::string_view type) {
  for (std::string_view known : kTypesInOrder) {
    if (type == known) return std::string(known.substr(known.rfind('.') + 1));
  }
  return "unknown";
}

const char* KindLabel(AdsSession::Taken taken) {
  switch (taken) {
    case AdsSession::Taken::kSubscribed:
      return "subscribe";
    case AdsSession::Taken::kAck:
      return "ack";
    case AdsSession::Taken::kNack:
      return "nack";
    case AdsSession::Taken::kStaleNonce:
      return "stale_nonce";
    case AdsSession::Taken::kUnknownType:
      return "unknown_type";
  }
  return "";
}

class Stream;

// The streams that are open, so that Stop can end them and the destructor can wait for them.
class OpenStreams {
 public:
  // Counts the stream in. false: it must end, for the server is stopping or there are too many.
  bool Add(Stream* stream, size_t max) {
    MutexLock lock(mu_);
    streams_.insert(stream);
    return !stopping_ && streams_.size() <= max;
  }
  void Remove(Stream* stream) {
    MutexLock lock(mu_);
    streams_.erase(stream);
    removed_.NotifyAll();
  }
  void EndAll();
  void WaitUntilEmpty() {
    MutexLock lock(mu_);
    while (!streams_.empty()) removed_.Wait(mu_);
  }

 private:
  Mutex mu_;
  CondVar removed_;
  std::set<Stream*> streams_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

// Deletes itself when gRPC is done with it. At most one write is under way; what it carries is made from the newest
// snapshot.
class Stream : public grpc::ServerBidiReactor<DiscoveryRequest, DiscoveryResponse> {
 public:
  Stream(const AdsServerOptions& options, ResourceStore& store, Metrics& metrics, OpenStreams& open)
      : options_(options), store_(store), metrics_(metrics), open_(open) {
    if (!open_.Add(this, static_cast<size_t>(options_.max_streams))) {
      End(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "ADS streams: too many or stopping, want fewer"));
      return;
    }
    metrics_.GetGauge(kAdsStreams).Add(1);
    counted_ = true;
    subscription_ = store_.Subscribe([this] { Pump(); });
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return End(grpc::Status::OK);
    if (grpc::Status status = Take(); !status.ok()) return End(status);
    Pump();
    MutexLock lock(mu_);
    if (!ended_) StartRead(&request_);
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mu_);
      writing_ = false;
    }
    if (ok) Pump();
  }

  void OnCancel() override { End(grpc::Status::CANCELLED); }

  void OnDone() override {
    subscription_.reset();
    if (counted_) metrics_.GetGauge(kAdsStreams).Add(-1);
    open_.Remove(this);
    delete this;
  }

  void End(const grpc::Status& status) {
    MutexLock lock(mu_);
    if (std::exchange(ended_, true)) return;
    Finish(status);
  }

 private:
  grpc::Status Take() {
    std::set<std::string> names;
    {
      MutexLock lock(mu_);
      absl::StatusOr<AdsSession::Taken> taken = session_.OnRequest(request_);
      if (!taken.ok()) {
        metrics_.GetCounter(kAdsRequests, {TypeLabel(request_.type_url()), "too_large"}).Add();
        return {grpc::StatusCode::RESOURCE_EXHAUSTED, std::string(taken.status().message())};
      }
      metrics_.GetCounter(kAdsRequests, {TypeLabel(request_.type_url()), KindLabel(*taken)}).Add();
      if (*taken == AdsSession::Taken::kNack) LogNack();
      if (options_.note_wanted) names = session_.Names(request_.type_url());
    }
    if (!names.empty()) store_.NoteWanted(request_.type_url(), names);
    return grpc::Status::OK;
  }

  // Once for a response: a client that repeats itself fills no disk.
  void LogNack() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!nacked_.insert(TypeLabel(request_.type_url()) + request_.response_nonce()).second) return;
    if (nacked_.size() > kMaxNames) nacked_.clear();
    TRIVIUM_LOG(kError, "client refused xds resources", {"type", TypeLabel(request_.type_url())},
                {"nonce", request_.response_nonce()}, {"accepted_version", session_.AckedVersion(request_.type_url())},
                {"error", request_.error_detail().message().substr(0, kMaxLoggedBytes)});
  }

  // Starts the next write when none is under way and there is something new.
  void Pump() {
    const std::shared_ptr<const ResourceStore::Snapshot> snapshot = store_.Get();
    MutexLock lock(mu_);
    if (ended_ || writing_ || !session_.Next(*snapshot, &response_)) return;
    writing_ = true;
    metrics_.GetCounter(kAdsResponses, {TypeLabel(response_.type_url())}).Add();
    StartWrite(&response_);
  }

  const AdsServerOptions& options_;
  ResourceStore& store_;
  Metrics& metrics_;
  OpenStreams& open_;
  bool counted_ = false;
  std::unique_ptr<ResourceStore::Subscription> subscription_;
  DiscoveryRequest request_;  // gRPC's while a read is under way.
  Mutex mu_;
  DiscoveryResponse response_ ABSL_GUARDED_BY(mu_);  // gRPC's while writing_.
  AdsSession session_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> nacked_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
};

void OpenStreams::EndAll() {
  MutexLock lock(mu_);
  stopping_ = true;
  for (Stream* stream : streams_) stream->End({grpc::StatusCode::UNAVAILABLE, "ADS server: stopping, want a retry"});
}

}  // namespace

struct AdsServer::Impl : AggregatedDiscoveryService::CallbackService {
  Impl(AdsServerOptions options, ResourceStore& store, Metrics& metrics)
      : options(options), store(store), metrics(metrics) {}

  grpc::ServerBidiReactor<DiscoveryRequest, DiscoveryResponse>* StreamAggregatedResources(
      grpc::CallbackServerContext*) override {
    return new Stream(options, store, metrics, open);
  }

  const AdsServerOptions options;
  ResourceStore& store;
  Metrics& metrics;
  OpenStreams open;
};

AdsServer::AdsServer(AdsServerOptions options, ResourceStore& store, Metrics& metrics)
    : impl_(std::make_unique<Impl>(options, store, metrics)) {}

AdsServer::~AdsServer() {
  Stop();
  impl_->open.WaitUntilEmpty();
}

grpc::Service* AdsServer::service() { return impl_.get(); }

void AdsServer::Stop() { impl_->open.EndAll(); }

}  // namespace trivium::xds
