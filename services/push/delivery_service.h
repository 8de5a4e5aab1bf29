// What gateways ask of push and tell it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "libs/sync/mutex.h"
#include "services/push/channels.h"
#include "services/push/metrics.h"
#include "services/push/profiles.h"
#include "services/push/store/store.h"
#include "trivium/push/v1/delivery.grpc.pb.h"

namespace trivium {
class EventFeed;
namespace rpc {
class CallGuard;
struct CallContext;
}  // namespace rpc
}  // namespace trivium

namespace trivium::push {

// Users who are written down already, so that each is written once. Forgets when it is full. Thread-safe.
class KnownUsers {
 public:
  // Those who are not known here, each once.
  std::vector<std::string> Unknown(const std::string& product, const std::vector<std::string>& users);
  void Add(const std::string& product, const std::vector<std::string>& users);

 private:
  Mutex mu_;
  std::set<std::string> known_ ABSL_GUARDED_BY(mu_);  // "product/user".
};

// Thread-safe.
class DeliveryService : public v1::DeliveryService::CallbackService {
 public:
  // All of them outlive the service.
  struct Parts {
    rpc::CallGuard& guard;
    Store& store;
    Channels& channels;
    Profiles& profiles;
    EventFeed& feed;
    Clock& clock;
    PushMetrics& metrics;
  };
  explicit DeliveryService(Parts parts) : p_(parts) {}

  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context, const v1::AcknowledgeRequest* request,
                                        v1::AcknowledgeResponse* response) override;
  grpc::ServerUnaryReactor* ListPending(grpc::CallbackServerContext* context, const v1::ListPendingRequest* request,
                                        v1::ListPendingResponse* response) override;
  grpc::ServerUnaryReactor* ReportDeliveries(grpc::CallbackServerContext* context,
                                             const v1::ReportDeliveriesRequest* request,
                                             v1::ReportDeliveriesResponse* response) override;
  grpc::ServerUnaryReactor* CheckRooms(grpc::CallbackServerContext* context, const v1::CheckRoomsRequest* request,
                                       v1::CheckRoomsResponse* response) override;
  grpc::ServerUnaryReactor* RestoreChannel(grpc::CallbackServerContext* context,
                                           const v1::RestoreChannelRequest* request,
                                           v1::RestoreChannelResponse* response) override;

 private:
  absl::Status Handle(const rpc::CallContext& call, const v1::AcknowledgeRequest& request,
                      v1::AcknowledgeResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListPendingRequest& request,
                      v1::ListPendingResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ReportDeliveriesRequest& request,
                      v1::ReportDeliveriesResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::CheckRoomsRequest& request,
                      v1::CheckRoomsResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::RestoreChannelRequest& request,
                      v1::RestoreChannelResponse* response);

  // Makes users known who connect.
  absl::Status See(const std::string& product, const std::vector<std::string>& users, absl::Time deadline);
  // Counts how long acknowledgements took.
  void CountAcknowledged(const std::string& product, const std::vector<Id>& message_ids, absl::Time deadline);
  absl::Time Now() const;

  const Parts p_;
  KnownUsers known_;
};

}  // namespace trivium::push
