#include "services/control/registry_service.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/rpc/stream.h"
#include "libs/status/error.h"
#include "services/control/conversions.h"
#include "services/control/validate.h"

namespace trivium::control {
namespace {

using Outgoing = std::shared_ptr<rpc::OutgoingStream<v1::RegisterResponse>>;

constexpr absl::Duration kListLost = absl::Hours(1);

// One instance's stream.
class RegisterStream : public rpc::BidiHandler<v1::RegisterRequest> {
 public:
  RegisterStream(rpc::Caller caller, const std::vector<std::string>& cells, LiveState& state,
                 const std::function<bool()>& draining, uint64_t number, Outgoing stream)
      : caller_(std::move(caller)),
        cells_(cells),
        state_(state),
        draining_(draining),
        number_(number),
        stream_(std::move(stream)) {}

  void OnMessage(const v1::RegisterRequest& request) override {
    if (absl::Status status = Check(request.instance()); !status.ok()) return stream_->Finish(status);
    instance_id_ = request.instance().instance_id();
    state_.Heartbeat(FromProto(request.instance()), number_);
    v1::RegisterResponse response;
    response.set_serving(request.instance().ready());
    stream_->Write(std::move(response));  // A reader that is too slow misses acknowledgements, nothing else.
  }

  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }

  void OnEnd() override {
    if (!instance_id_.empty() && !draining_()) state_.Leave(instance_id_, number_);
  }

 private:
  absl::Status Check(const v1::Instance& instance) const {
    if (absl::Status status = Validate(instance, cells_); !status.ok()) return status;
    if (!instance_id_.empty() && instance.instance_id() != instance_id_) {
      return FieldsError({{"instance.instance_id",
                           "\"" + instance.instance_id() + "\", want " + instance_id_ + " as in the first message"}});
    }
    if (instance.service() == caller_.name) return absl::OkStatus();
    return Error(
               absl::StatusCode::kPermissionDenied, "SERVICE_NOT_ALLOWED",
               absl::StrCat("instance.service: ", instance.service(), ", want ", caller_.name, " (the certificate's)"))
        .With("service", instance.service());
  }

  const rpc::Caller caller_;
  const std::vector<std::string>& cells_;
  LiveState& state_;
  const std::function<bool()>& draining_;
  const uint64_t number_;
  const Outgoing stream_;
  std::string instance_id_;
};

}  // namespace

grpc::ServerBidiReactor<v1::RegisterRequest, v1::RegisterResponse>* RegistryServiceImpl::Register(
    grpc::CallbackServerContext* context) {
  return rpc::ServeBidi<v1::RegisterRequest, v1::RegisterResponse>(
      guard_, context, "trivium.control.v1.RegistryService/Register", [this](auto start) {
        return std::make_unique<RegisterStream>(start.call.caller, cells_, state_, draining_, next_stream_++,
                                                start.stream);
      });
}

grpc::ServerUnaryReactor* RegistryServiceImpl::ListInstances(grpc::CallbackServerContext* context,
                                                             const v1::ListInstancesRequest* request,
                                                             v1::ListInstancesResponse* response) {
  return guard_.Unary(context, "trivium.control.v1.RegistryService/ListInstances", [=, this](const rpc::CallContext&) {
    for (const domain::InstanceState& state : state_.instances()) {
      if (!request->service().empty() && state.instance.service != request->service()) continue;
      if (state.alive || clock_.Now() - state.lost_time <= kListLost) ToProto(state, response->add_instances());
    }
    return absl::OkStatus();
  });
}

}  // namespace trivium::control
