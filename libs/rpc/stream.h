// Streams behind the call guard: identity, policy, metrics and drain are done here; a service feeds an OutgoingStream
// and hears how it ends.
//
//   grpc::ServerWriteReactor<Event>* WatchEvents(grpc::CallbackServerContext* context, const WatchEventsRequest*
//   request) override {
//     return rpc::ServeStream<Event>(guard_, context, "trivium.payment.v1.PaymentService/WatchEvents", [=, this](auto
//     start) {
//       feeds_.Add(start.call.product, request->after_cursor(), start.stream);   // Anybody may Write to start.stream
//       from now on. start.on_end([=, this] { feeds_.Remove(start.stream); });
//     });
//   }
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "libs/clock/clock.h"
#include "libs/rpc/call_guard.h"
#include "libs/rpc/outgoing_stream.h"

namespace trivium::rpc {

// What a service gets when a stream has been admitted. Runs on a gRPC thread: it must not block.
template <typename Response>
struct StreamStart {
  const CallContext& call;                            // Valid until on_end has run.
  std::shared_ptr<OutgoingStream<Response>> stream;   // Share it with whoever feeds.
  std::function<void(std::function<void()>)> on_end;  // Sets what runs once when the stream is over, however that came.
};

namespace internal {

// What both kinds of streams do around a call.
template <typename Response>
class StreamCall {
 public:
  using Transport = typename OutgoingStream<Response>::Transport;

  StreamCall(CallGuard& guard, grpc::CallbackServerContext* context, std::string_view method, StreamOptions options,
             Transport transport)
      : guard_(guard), since_(Clock::Real().Monotonic()) {
    const absl::Status admitted = guard.AdmitStream(*context, method, &call_);
    stream_ = std::make_shared<OutgoingStream<Response>>(options, call_.trace.trace_id, std::move(transport));
    admitted_ = admitted.ok();
    if (!admitted_) stream_->Finish(admitted);
  }
  // Once the service knows the stream: from now on a drain ends it.
  void Started() {
    drain_hook_ = guard_.AddDrainHook([stream = stream_] { stream->Abort(ServerDraining()); });
  }
  void Done() {
    const absl::Status status = stream_->Detach();
    if (!admitted_) return;
    guard_.RemoveDrainHook(drain_hook_);
    if (on_end_) on_end_();
    guard_.StreamDone(call_, status, Clock::Real().Monotonic() - since_);
  }
  StreamStart<Response> Start() {
    return {call_, stream_, [this](std::function<void()> on_end) { on_end_ = std::move(on_end); }};
  }
  bool admitted() const { return admitted_; }
  OutgoingStream<Response>& stream() { return *stream_; }

 private:
  CallGuard& guard_;
  const absl::Duration since_;
  CallContext call_;
  std::shared_ptr<OutgoingStream<Response>> stream_;
  bool admitted_ = false;
  uint64_t drain_hook_ = 0;
  std::function<void()> on_end_;
};

template <typename Response>
class ServerStreamReactor : public grpc::ServerWriteReactor<Response> {
 public:
  template <typename StartFn>
  ServerStreamReactor(CallGuard& guard, grpc::CallbackServerContext* context, std::string_view method,
                      StreamOptions options, StartFn&& start)
      : stream_call_(guard, context, method, options,
                     {[this](const Response* message) { this->StartWrite(message); },
                      [this](grpc::Status status) { this->Finish(std::move(status)); }}) {
    if (!stream_call_.admitted()) return;
    start(stream_call_.Start());
    stream_call_.Started();
  }
  void OnWriteDone(bool ok) override { stream_call_.stream().OnWritten(ok); }
  void OnCancel() override { stream_call_.stream().Abort(absl::CancelledError("the reader has gone")); }
  void OnDone() override {
    stream_call_.Done();
    delete this;
  }

 private:
  StreamCall<Response> stream_call_;
};

}  // namespace internal

// Serves a server stream. method: a literal. start(StreamStart<Response>) is called before this returns, unless the
// call is refused.
template <typename Response, typename StartFn>
grpc::ServerWriteReactor<Response>* ServeStream(CallGuard& guard, grpc::CallbackServerContext* context,
                                                std::string_view method, StartFn start, StreamOptions options = {}) {
  return new internal::ServerStreamReactor<Response>(guard, context, method, options, std::move(start));
}

// A service's side of a stream in both directions. Calls come one after another on gRPC threads, and must not block.
template <typename Request>
class BidiHandler {
 public:
  virtual ~BidiHandler() = default;
  // A message came; the next is read when this returns.
  virtual void OnMessage(const Request& request) = 0;
  // The caller sends no more. Usually: stream->Finish(OK).
  virtual void OnHalfClose() = 0;
  // The stream is over; the last call.
  virtual void OnEnd() {}
};

namespace internal {

template <typename Request, typename Response>
class BidiReactor : public grpc::ServerBidiReactor<Request, Response> {
 public:
  template <typename MakeFn>
  BidiReactor(CallGuard& guard, grpc::CallbackServerContext* context, std::string_view method, StreamOptions options,
              MakeFn&& make)
      : stream_call_(guard, context, method, options,
                     {[this](const Response* message) { this->StartWrite(message); },
                      [this](grpc::Status status) { this->Finish(std::move(status)); }}) {
    if (!stream_call_.admitted()) return;
    handler_ = make(stream_call_.Start());
    stream_call_.Started();
    this->StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return handler_->OnHalfClose();
    handler_->OnMessage(request_);
    this->StartRead(&request_);
  }
  void OnWriteDone(bool ok) override { stream_call_.stream().OnWritten(ok); }
  void OnCancel() override { stream_call_.stream().Abort(absl::CancelledError("the peer has gone")); }
  void OnDone() override {
    stream_call_.Done();
    if (handler_ != nullptr) handler_->OnEnd();
    delete this;
  }

 private:
  StreamCall<Response> stream_call_;
  Request request_;
  std::unique_ptr<BidiHandler<Request>> handler_;
};

}  // namespace internal

// Serves a stream in both directions. make(StreamStart<Response>) -> std::unique_ptr<BidiHandler<Request>>.
template <typename Request, typename Response, typename MakeFn>
grpc::ServerBidiReactor<Request, Response>* ServeBidi(CallGuard& guard, grpc::CallbackServerContext* context,
                                                      std::string_view method, MakeFn make,
                                                      StreamOptions options = {}) {
  return new internal::BidiReactor<Request, Response>(guard, context, method, options, std::move(make));
}

}  // namespace trivium::rpc
