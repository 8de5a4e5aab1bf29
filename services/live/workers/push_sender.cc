#include "services/live/workers/push_sender.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <map>
#include <utility>

#include "libs/ha/retry_budget.h"
#include "libs/rpc/channel.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "trivium/push/v1/push.grpc.pb.h"

namespace trivium::live {
namespace {

class PushSender : public RoomSender {
 public:
  explicit PushSender(rpc::TlsFiles tls) : tls_(std::move(tls)) {}

  absl::StatusOr<std::vector<absl::Status>> Send(const std::string& product,
                                                 const std::vector<Announcement>& items) override {
    push::v1::PublishBatchRequest batch;
    for (const Announcement& item : items) {
      push::v1::PublishRequest* request = batch.add_requests();
      request->set_request_id(item.event_id);
      request->set_dedupe_key(item.event_id);
      request->mutable_target()->set_room_id(item.room_id);
      request->set_class_(push::v1::ORDERED);
      request->set_data(item.json);
    }
    const std::shared_ptr<Stub> stub = StubOf(product);
    const auto once = [&](grpc::ClientContext* context, push::v1::PublishBatchResponse* response) {
      return stub->PublishBatch(context, batch, response);
    };
    rpc::CallOptions options;
    options.product = product;
    TRIVIUM_ASSIGN_OR_RETURN(const push::v1::PublishBatchResponse response,
                             rpc::Call<push::v1::PublishBatchResponse>(options, nullptr, budget_, once));
    std::vector<absl::Status> outcomes;
    for (const push::v1::PublishOutcome& outcome : response.outcomes())
      outcomes.emplace_back(static_cast<absl::StatusCode>(outcome.code()), outcome.error());
    return outcomes;
  }

 private:
  using Stub = push::v1::PushService::Stub;

  std::shared_ptr<Stub> StubOf(const std::string& product) {
    MutexLock lock(mu_);
    std::shared_ptr<Stub>& stub = stubs_[product];
    if (!stub) stub = push::v1::PushService::NewStub(rpc::ServiceChannel(product, "push", tls_));
    return stub;
  }

  const rpc::TlsFiles tls_;
  ha::RetryBudget budget_;
  Mutex mu_;
  std::map<std::string, std::shared_ptr<Stub>> stubs_ ABSL_GUARDED_BY(mu_);  // One for each product that there is.
};

}  // namespace

std::unique_ptr<RoomSender> NewPushSender(rpc::TlsFiles tls) { return std::make_unique<PushSender>(std::move(tls)); }

}  // namespace trivium::live
