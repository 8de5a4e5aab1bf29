#include "libs/rpc/relay.h"

#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/rpc/relay_state.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "libs/xds/ads_client.h"
#include "libs/xds/ads_server.h"
#include "libs/xds/resources.h"

namespace trivium::rpc {
namespace {

constexpr size_t kMaxSocketPath = 100;
constexpr Metric kSaveFailures{"trivium_xds_relay_save_failures_total",
                               "Times that the last good xDS resources could not be kept on disk."};

std::string JsonString(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

// gRPC 1.51 knows only plaintext here; the socket's mode guards it. A deleted resource is kept (gRFC A53). Node wants a
// locality, even an empty one.
std::string Bootstrap(const RelayOptions& options) {
  return absl::StrCat(
      R"({"xds_servers":[{"server_uri":)", JsonString("unix:" + options.socket_path),
      R"(,"channel_creds":[{"type":"insecure"}],"server_features":["xds_v3","ignore_resource_deletion"]}],)",
      R"("node":{"id":)", JsonString(options.node_id), R"(,"cluster":)", JsonString(options.cell),
      R"(,"locality":{}}})");
}

// Keeps a file equal to a store, from a thread of its own: writing to disk must not hold up the streams.
class StateKeeper {
 public:
  StateKeeper(std::string path, xds::ResourceStore& store, Metrics& metrics)
      : path_(std::move(path)), store_(store), metrics_(metrics) {}
  ~StateKeeper() { Stop(); }

  // Reads the file into the store. A damaged file is set aside: control will say it all again.
  void Load() {
    absl::StatusOr<std::string> text = ReadWholeFile(path_);
    if (absl::IsNotFound(text.status())) return;
    absl::StatusOr<xds::ResourcesByType> resources =
        text.ok() ? DecodeRelayState(*text) : absl::StatusOr<xds::ResourcesByType>(text.status());
    if (!resources.ok()) {
      TRIVIUM_LOG(kError, "last good xds resources cannot be read; starting without them", {"path", path_},
                  {"error", resources.status()});
      std::rename(path_.c_str(), (path_ + ".damaged").c_str());
      return;
    }
    saved_version_ = xds::ContentVersion(*resources);
    store_.Set(*std::move(resources), saved_version_);
  }

  void Start() {
    subscription_ = store_.Subscribe([this] {
      MutexLock lock(mu_);
      due_ = true;
      wake_.NotifyAll();
    });
    thread_ = std::thread([this] { Run(); });
  }

  void Stop() {
    subscription_.reset();
    {
      MutexLock lock(mu_);
      stopping_ = true;
      wake_.NotifyAll();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    while (WaitUntilDue()) Save();
  }

  bool WaitUntilDue() {
    MutexLock lock(mu_);
    while (!due_ && !stopping_) wake_.Wait(mu_);
    return std::exchange(due_, false) || !stopping_;
  }

  void Save() {
    const auto snapshot = store_.Get();
    if (snapshot->version == saved_version_) return;
    const absl::Status status = WriteFileAtomically(path_, EncodeRelayState(snapshot->by_type));
    if (status.ok()) {
      saved_version_ = snapshot->version;
      return;
    }
    metrics_.GetCounter(kSaveFailures).Add();
    TRIVIUM_LOG(kError, "cannot keep xds resources on disk", {"error", status});
  }

  const std::string path_;
  xds::ResourceStore& store_;
  Metrics& metrics_;
  std::string saved_version_;  // Of the keeper's thread, after Load.
  Mutex mu_;
  CondVar wake_;
  bool due_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::unique_ptr<xds::ResourceStore::Subscription> subscription_;
  std::thread thread_;
};

}  // namespace

struct Relay::Impl {
  Impl(RelayOptions o, Metrics& metrics)
      : options(std::move(o)),
        keeper(options.state_path, store, metrics),
        ads({.note_wanted = true}, store, metrics),
        upstream({.address = options.control_ads_address, .node_id = options.node_id}, store, metrics) {}

  absl::Status Listen() {
    unlink(options.socket_path.c_str());
    grpc::ServerBuilder builder;
    builder.RegisterService(ads.service());
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort("unix:" + options.socket_path, grpc::InsecureServerCredentials());
    server = builder.BuildAndStart();
    if (!server || chmod(options.socket_path.c_str(), 0600) != 0) {
      return absl::UnavailableError(absl::StrCat("relay: cannot listen on ", options.socket_path));
    }
    return absl::OkStatus();
  }

  const RelayOptions options;
  xds::ResourceStore store;
  StateKeeper keeper;
  xds::AdsServer ads;
  xds::AdsClient upstream;
  std::unique_ptr<grpc::Server> server;
  bool started = false;
};

Relay::Relay(RelayOptions options, Metrics& metrics) : impl_(std::make_unique<Impl>(std::move(options), metrics)) {}

Relay::~Relay() { Stop(); }

absl::Status Relay::Start() {
  const RelayOptions& options = impl_->options;
  if (options.socket_path.empty() || options.socket_path.size() > kMaxSocketPath) {
    return absl::InvalidArgumentError(
        absl::StrCat("relay.socket_path: ", options.socket_path.size(), " bytes, want 1 to ", kMaxSocketPath));
  }
  impl_->keeper.Load();
  TRIVIUM_RETURN_IF_ERROR(impl_->Listen());
  // gRPC reads these once, when the first xDS channel is made, and prefers the first.
  unsetenv("GRPC_XDS_BOOTSTRAP");
  setenv("GRPC_XDS_BOOTSTRAP_CONFIG", Bootstrap(options).c_str(), 1);
  impl_->keeper.Start();
  if (!options.control_ads_address.empty()) impl_->upstream.Start();
  impl_->started = true;
  return absl::OkStatus();
}

void Relay::Stop() {
  if (!std::exchange(impl_->started, false)) return;
  impl_->upstream.Stop();
  impl_->ads.Stop();
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  impl_->keeper.Stop();
  unlink(impl_->options.socket_path.c_str());
}

bool Relay::upstream_connected() const { return impl_->upstream.connected(); }

}  // namespace trivium::rpc
