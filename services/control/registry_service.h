// RegistryService: streams of instances into LiveState.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/rpc/call_guard.h"
#include "services/control/live_state.h"
#include "trivium/control/v1/registry.grpc.pb.h"

namespace trivium::control {

// Thread-safe. Everything outlives it.
class RegistryServiceImpl : public v1::RegistryService::CallbackService {
 public:
  // draining: whether this process stops; then the end of a stream says nothing about its instance.
  RegistryServiceImpl(std::vector<std::string> cells, rpc::CallGuard& guard, LiveState& state, Clock& clock,
                      std::function<bool()> draining)
      : cells_(std::move(cells)), guard_(guard), state_(state), clock_(clock), draining_(std::move(draining)) {}

  grpc::ServerBidiReactor<v1::RegisterRequest, v1::RegisterResponse>* Register(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListInstances(grpc::CallbackServerContext* context, const v1::ListInstancesRequest* request,
                                          v1::ListInstancesResponse* response) override;

 private:
  const std::vector<std::string> cells_;
  rpc::CallGuard& guard_;
  LiveState& state_;
  Clock& clock_;
  const std::function<bool()> draining_;
  std::atomic<uint64_t> next_stream_{1};
};

}  // namespace trivium::control
