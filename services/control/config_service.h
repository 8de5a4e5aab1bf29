// ConfigService: validate -> decide (domain/config_item.h) -> store -> answer.
#pragma once

#include "libs/clock/clock.h"
#include "libs/rpc/call_guard.h"
#include "services/control/config_feed.h"
#include "services/control/live_state.h"
#include "services/control/store/store.h"
#include "trivium/control/v1/config.grpc.pb.h"

namespace trivium::control {

// Thread-safe. Everything outlives it.
class ConfigServiceImpl : public v1::ConfigService::CallbackService {
 public:
  ConfigServiceImpl(rpc::CallGuard& guard, Store& store, LiveState& state, ConfigFeed& feed, Clock& clock)
      : guard_(guard), store_(store), state_(state), feed_(feed), clock_(clock) {}

  grpc::ServerUnaryReactor* PublishConfig(grpc::CallbackServerContext* context, const v1::PublishConfigRequest* request,
                                          v1::ConfigItem* response) override;
  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* context, const v1::GetConfigRequest* request,
                                      v1::ConfigItem* response) override;
  grpc::ServerUnaryReactor* ListConfigs(grpc::CallbackServerContext* context, const v1::ListConfigsRequest* request,
                                        v1::ListConfigsResponse* response) override;
  grpc::ServerUnaryReactor* ListConfigVersions(grpc::CallbackServerContext* context,
                                               const v1::ListConfigVersionsRequest* request,
                                               v1::ListConfigVersionsResponse* response) override;
  grpc::ServerUnaryReactor* RollbackConfig(grpc::CallbackServerContext* context,
                                           const v1::RollbackConfigRequest* request, v1::ConfigItem* response) override;
  grpc::ServerWriteReactor<v1::WatchConfigsResponse>* WatchConfigs(grpc::CallbackServerContext* context,
                                                                   const v1::WatchConfigsRequest* request) override;

 private:
  absl::Status Publish(const rpc::CallContext& call, const v1::PublishConfigRequest& request, v1::ConfigItem* response);
  absl::Status Rollback(const rpc::CallContext& call, const v1::RollbackConfigRequest& request,
                        v1::ConfigItem* response);
  absl::Status Get(const rpc::CallContext& call, const v1::GetConfigRequest& request, v1::ConfigItem* response);
  absl::Status List(const rpc::CallContext& call, const v1::ListConfigsRequest& request,
                    v1::ListConfigsResponse* response);
  absl::Status ListVersions(const rpc::CallContext& call, const v1::ListConfigVersionsRequest& request,
                            v1::ListConfigVersionsResponse* response);

  rpc::CallGuard& guard_;
  Store& store_;
  LiveState& state_;
  ConfigFeed& feed_;
  Clock& clock_;
};

}  // namespace trivium::control
