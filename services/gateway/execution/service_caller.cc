#include "services/gateway/execution/service_caller.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/wire_status.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/trace.h"
#include "libs/text/view.h"
#include "services/gateway/transcoding/route_key.h"

namespace trivium::gateway {
namespace {

constexpr Metric kChannels{"trivium_gateway_service_channels", "gRPC channels to services, by product and service."};

constexpr char kUserKey[] = "x-trivium-user";
constexpr size_t kCopyBelow = 4 << 10;  // Shorter requests are copied: cheaper than a slice of their own.

// The request's bytes without a copy: the slice owns the string.
grpc::Slice ToSlice(std::string bytes) {
  if (bytes.size() < kCopyBelow) return grpc::Slice(bytes.data(), bytes.size());
  auto* owned = new std::string(std::move(bytes));
  return grpc::Slice(
      owned->data(), owned->size(), [](void* string) { delete static_cast<std::string*>(string); }, owned);
}

absl::StatusOr<std::string> ToString(const grpc::ByteBuffer& buffer) {
  if (!buffer.Valid()) return std::string();
  grpc::Slice slice;
  if (!buffer.TrySingleSlice(&slice).ok() && !buffer.DumpToSingleSlice(&slice).ok())
    return absl::InternalError("answer: compressed in an unknown way");
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

struct Running {
  grpc::ClientContext context;
  grpc::ByteBuffer request, response;
  ServiceCaller::Done done;
};

// "v1", "v2beta1"
bool IsVersion(std::string_view part) {
  return part.size() >= 2 && part[0] == 'v' && absl::ascii_isdigit(static_cast<unsigned char>(part[1]));
}

}  // namespace

struct GrpcServiceCaller::Impl {
  std::shared_ptr<grpc::GenericStub> StubOf(const ServiceCall& call);
  bool Begin(Running* running);
  void Finish(std::unique_ptr<Running> running, const grpc::Status& status);

  Impl(ChannelSource channels, Metrics& metrics)
      : channels(std::move(channels)), channels_gauge(metrics.GetGauge(kChannels)) {}

  const ChannelSource channels;
  Gauge& channels_gauge;
  Mutex mu;
  CondVar idle;
  bool stopping ABSL_GUARDED_BY(mu) = false;
  absl::flat_hash_set<Running*> running ABSL_GUARDED_BY(mu);  // Those that can be cancelled.
  size_t unfinished ABSL_GUARDED_BY(mu) = 0;                  // And those in their callback.
  Mutex stubs_mu;
  absl::flat_hash_map<std::string, std::shared_ptr<grpc::GenericStub>> stubs ABSL_GUARDED_BY(stubs_mu);
};

GrpcServiceCaller::GrpcServiceCaller(ChannelSource channels, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(channels), metrics)) {}

GrpcServiceCaller::~GrpcServiceCaller() { Stop(); }

std::shared_ptr<grpc::GenericStub> GrpcServiceCaller::Impl::StubOf(const ServiceCall& call) {
  const std::string_view service = ServiceOf(call.method);
  const std::string key = absl::StrCat(call.repeatable ? "r/" : "o/", call.product, "/", ToAbsl(service));
  MutexLock lock(stubs_mu);
  std::shared_ptr<grpc::GenericStub>& stub = stubs[key];
  if (stub == nullptr) {
    stub = std::make_shared<grpc::GenericStub>(channels(call.product, service, call.repeatable));
    channels_gauge.Set(static_cast<double>(stubs.size()));
  }
  return stub;
}

bool GrpcServiceCaller::Impl::Begin(Running* one) {
  MutexLock lock(mu);
  if (stopping) return false;
  running.insert(one);
  ++unfinished;
  return true;
}

void GrpcServiceCaller::Impl::Finish(std::unique_ptr<Running> one, const grpc::Status& status) {
  {
    MutexLock lock(mu);
    running.erase(one.get());
  }
  one->done(status.ok() ? ToString(one->response) : rpc::FromGrpcStatus(status));
  // Before Stop goes on: its context may hold a channel's last reference, and gRPC 1.51 crashes when the last channel
  // of the process ends on the thread that runs callbacks (it joins itself, is refused, and frees the queue under it).
  one.reset();
  MutexLock lock(mu);
  if (--unfinished == 0) idle.NotifyAll();
}

void GrpcServiceCaller::Call(ServiceCall call, Done done) {
  auto running = std::make_unique<Running>();
  grpc::ClientContext& context = running->context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + call.timeout));
  context.AddMetadata(std::string(rpc::kProductKey), call.product);
  context.AddMetadata(std::string(kTraceparent), call.traceparent);
  if (!call.uid.empty()) context.AddMetadata(kUserKey, call.uid);
  if (!call.route_key.empty()) context.AddMetadata(std::string(kRouteKeyHeader), call.route_key);
  const std::shared_ptr<grpc::GenericStub> stub = impl_->StubOf(call);
  const grpc::Slice slice = ToSlice(std::move(call.request));
  running->request = grpc::ByteBuffer(&slice, 1);
  running->done = std::move(done);
  if (!impl_->Begin(running.get())) return running->done(absl::UnavailableError("stopping"));
  Running* const raw = running.release();  // Until the callback below, which comes once.
  stub->UnaryCall(
      &raw->context, absl::StrCat("/", call.method), {}, &raw->request, &raw->response,
      [impl = impl_.get(), raw](const grpc::Status& status) { impl->Finish(std::unique_ptr<Running>(raw), status); });
}

void GrpcServiceCaller::Stop() {
  MutexLock lock(impl_->mu);
  impl_->stopping = true;
  for (Running* one : impl_->running) one->context.TryCancel();
  while (impl_->unfinished > 0) impl_->idle.Wait(impl_->mu);
}

std::string_view ServiceOf(std::string_view method) {
  std::string_view package = method.substr(0, method.find('/'));
  const auto pop = [&package] {  // The last part.
    const size_t dot = package.rfind('.');
    const std::string_view part = dot == package.npos ? package : package.substr(dot + 1);
    package = dot == package.npos ? std::string_view() : package.substr(0, dot);
    return part;
  };
  const std::string_view type = pop();
  const std::string_view last = pop();
  if (last.empty()) return type;
  const std::string_view before = IsVersion(last) ? pop() : std::string_view();
  return before.empty() ? last : before;
}

}  // namespace trivium::gateway
