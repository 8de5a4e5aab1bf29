#include "services/gateway/clients/push_link.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <span>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "libs/ha/retry_budget.h"
#include "libs/rpc/channel.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/batcher.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "libs/text/view.h"
#include "services/gateway/clients/metrics.h"
#include "trivium/push/v1/delivery.grpc.pb.h"

namespace trivium::gateway {
namespace {

using push::v1::DeliveryService;

constexpr size_t kMaxIdsOfUser = 300, kMaxUsers = 1000;                                     // Of an AcknowledgeRequest.
constexpr absl::Duration kMinPause = absl::Milliseconds(50), kMaxPause = absl::Seconds(1);  // Between tries.
constexpr absl::Duration kNoIsKept = absl::Seconds(1);

absl::Status Overloaded(std::string_view what) {
  return Error(absl::StatusCode::kResourceExhausted, "OVERLOADED",
               absl::StrCat(ToAbsl(what), ": too many wait for push, try again"));
}

struct AckItem {
  std::string uid;
  std::vector<Id> ids;
  absl::Duration until;  // To be tried again so long.
};
struct PendingItem {
  std::string uid, channel;
};

// What users may join, as push said. Not thread-safe.
class RoomCache {
 public:
  explicit RoomCache(size_t max) : max_(max) {}
  std::optional<bool> Find(const std::string& key, absl::Duration now) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || now >= found->second.until) return std::nullopt;
    return found->second.allowed;
  }
  // allowed: nothing for "ask push".
  void Put(std::string key, std::optional<bool> allowed, absl::Duration until) {
    // All at once: they are asked for again as they are needed, and no order has to be kept.
    if (entries_.size() >= max_) entries_.clear();
    entries_[std::move(key)] = {allowed, until};
  }
  // A yes, unless something is known.
  void Remember(std::string key, absl::Duration now, absl::Duration until) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || now >= found->second.until) Put(std::move(key), true, until);
  }

 private:
  struct Entry {
    std::optional<bool> allowed;
    absl::Duration until;
  };
  const size_t max_;
  absl::flat_hash_map<std::string, Entry> entries_;  // By user and room; at most max_.
};

class GrpcPushLink : public PushLink {
 public:
  GrpcPushLink(std::string product, std::shared_ptr<grpc::Channel> channel, PushLinkOptions options, Clock& clock,
               Metrics& metrics)
      : product_(std::move(product)),
        options_(std::move(options)),
        clock_(clock),
        metrics_(metrics),
        stub_(DeliveryService::NewStub(channel)),
        cache_(options_.room_cache_max),
        rooms_("push-rooms", options_.room_threads, options_.queue_max),
        restores_("push-restores", 1, options_.queue_max),
        reports_("push-reports", 1, 16),
        acks_({.queue_max = options_.queue_max, .batch_max = kMaxUsers, .window = options_.batch_window}, clock,
              [this](std::span<const AckItem> items) { return SendAcks(items); }),
        pending_({.threads = 2, .queue_max = options_.queue_max, .batch_max = 1000, .window = options_.batch_window},
                 clock, [this](std::span<const PendingItem> items) { return AskPending(items); }) {}
  ~GrpcPushLink() override { Stop(); }

  void CheckRoom(const std::string& uid, const std::string& room_id,
                 absl::AnyInvocable<void(absl::StatusOr<bool>)> done) override {
    std::string key = absl::StrCat(uid, "\n", room_id);
    std::optional<bool> known;
    {
      MutexLock lock(mu_);
      known = cache_.Find(key, clock_.Monotonic());
    }
    if (known) return done(*known);
    auto shared = std::make_shared<absl::AnyInvocable<void(absl::StatusOr<bool>)>>(std::move(done));
    const bool taken = rooms_.Submit([this, key = std::move(key), uid, room_id, shared] {
      absl::StatusOr<bool> allowed = AskRoom(uid, room_id);
      if (allowed.ok()) {
        MutexLock lock(mu_);
        cache_.Put(key, *allowed, clock_.Monotonic() + (*allowed ? options_.room_cache_ttl : kNoIsKept));
      }
      (*shared)(std::move(allowed));
    });
    if (!taken) (*shared)(Refused("room"));
  }

  void RememberRoom(const std::string& uid, const std::string& room_id) override {
    const absl::Duration now = clock_.Monotonic();
    MutexLock lock(mu_);
    cache_.Remember(absl::StrCat(uid, "\n", room_id), now, now + options_.room_cache_ttl);
  }

  void ForgetRoom(const std::string& uid, const std::string& room_id) override {
    MutexLock lock(mu_);
    cache_.Put(absl::StrCat(uid, "\n", room_id), std::nullopt, clock_.Monotonic() + options_.room_cache_ttl);
  }

  void Acknowledge(const std::string& uid, std::vector<Id> message_ids,
                   absl::AnyInvocable<void(absl::Status)> done) override {
    if (message_ids.empty()) return done(absl::OkStatus());
    auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
    AckItem item{uid, std::move(message_ids), clock_.Monotonic() + options_.ack_patience};
    const bool taken = acks_.Submit(std::move(item), [shared](absl::Status status) { (*shared)(std::move(status)); });
    if (!taken) (*shared)(Refused("acknowledge"));
  }

  void ListPending(const std::string& uid, const std::string& channel,
                   absl::AnyInvocable<void(absl::StatusOr<PendingMessages>)> done) override {
    auto shared = std::make_shared<absl::AnyInvocable<void(absl::StatusOr<PendingMessages>)>>(std::move(done));
    const bool taken = pending_.Submit(
        {uid, channel}, [shared](absl::StatusOr<PendingMessages> answer) { (*shared)(std::move(answer)); });
    if (!taken) (*shared)(Refused("pending"));
  }

  void Restore(const std::string& channel, absl::AnyInvocable<void(absl::Status)> done) override {
    auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
    const bool taken = restores_.Submit([this, channel, shared] {
      push::v1::RestoreChannelRequest request;
      request.set_channel(channel);
      (*shared)(Call<push::v1::RestoreChannelResponse>("RestoreChannel", [&](auto* context, auto* answer) {
                  return stub_->RestoreChannel(context, request, answer);
                }).status());
    });
    if (!taken) (*shared)(Refused("restore"));
  }

  void Report(int64_t number, std::vector<DeliveryCount> counts, absl::AnyInvocable<void(absl::Status)> done) override {
    auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
    const bool taken = reports_.Submit([this, number, counts = std::move(counts), shared] {
      push::v1::ReportDeliveriesRequest request;
      request.set_gateway(options_.gateway);
      request.set_number(number);
      for (const DeliveryCount& count : counts) {
        push::v1::DeliveryCount& to = *request.add_counts();
        to.set_message_id(count.message_id.ToBytes());
        to.set_sent(count.sent);
        if (count.dropped_slow > 0) (*to.mutable_dropped())["SLOW_READER"] = count.dropped_slow;
      }
      (*shared)(Call<push::v1::ReportDeliveriesResponse>("ReportDeliveries", [&](auto* context, auto* answer) {
                  return stub_->ReportDeliveries(context, request, answer);
                }).status());
    });
    if (!taken) (*shared)(Refused("report"));
  }

  void Stop() override {
    stopping_ = true;
    acks_.Stop();
    pending_.Stop();
    rooms_.Stop();
    restores_.Stop();
    reports_.Stop();
  }

 private:
  template <typename Response, typename Once>
  absl::StatusOr<Response> Call(const char* method, Once once) {
    rpc::CallOptions options;
    options.product = product_;
    options.timeout = options_.timeout;
    absl::StatusOr<Response> answer = rpc::Call<Response>(options, nullptr, budget_, once);
    metrics_.GetCounter(kPushCalls, {product_, method, absl::StatusCodeToString(answer.status().code())}).Add();
    return answer;
  }

  absl::Status Refused(const char* work) {
    metrics_.GetCounter(kWorkRefused, {work}).Add();
    return Overloaded(work);
  }

  absl::StatusOr<bool> AskRoom(const std::string& uid, const std::string& room_id) {
    push::v1::CheckRoomsRequest request;
    request.set_user_id(uid);
    request.add_room_ids(room_id);
    TRIVIUM_ASSIGN_OR_RETURN(const auto answer,
                             Call<push::v1::CheckRoomsResponse>("CheckRooms", [&](auto* context, auto* to) {
                               return stub_->CheckRooms(context, request, to);
                             }));
    return std::find(answer.room_ids().begin(), answer.room_ids().end(), room_id) != answer.room_ids().end();
  }

  std::vector<absl::StatusOr<PendingMessages>> AskPending(std::span<const PendingItem> items) {
    push::v1::ListPendingRequest request;
    for (const PendingItem& item : items) {
      push::v1::PendingQuery& query = *request.add_queries();
      query.set_user_id(item.uid);
      query.set_channel(item.channel);
    }
    auto answer = Call<push::v1::ListPendingResponse>(
        "ListPending", [&](auto* context, auto* to) { return stub_->ListPending(context, request, to); });
    if (answer.ok() && answer->results_size() != static_cast<int>(items.size())) {
      answer = absl::InternalError(
          absl::StrCat("ListPendingResponse.results: ", answer->results_size(), ", want ", items.size()));
    }
    std::vector<absl::StatusOr<PendingMessages>> results;
    for (int i = 0; i < static_cast<int>(items.size()); ++i) {
      if (!answer.ok()) {
        results.push_back(answer.status());
        continue;
      }
      PendingMessages messages;
      messages.has_more = answer->results(i).has_more();
      for (const push::v1::Publication& publication : answer->results(i).publications()) {
        if (PublicationPtr made = MakeRepeat(publication)) messages.repeats.push_back(std::move(made));
      }
      results.push_back(std::move(messages));
    }
    return results;
  }

  // Some calls, since a request has a maximum of ids for each user.
  std::vector<absl::Status> SendAcks(std::span<const AckItem> items) {
    std::vector<absl::Status> statuses(items.size(), absl::OkStatus());
    std::vector<size_t> sent(items.size(), 0);  // Ids of each item that are done.
    for (bool more = true; more;) {
      more = false;
      push::v1::AcknowledgeRequest request;
      std::map<std::string, int> index;  // Of users in the request.
      std::vector<size_t> in_request(items.size(), 0);
      absl::Duration until = absl::ZeroDuration();
      for (size_t i = 0; i < items.size(); ++i) {
        if (!statuses[i].ok() || sent[i] == items[i].ids.size()) continue;
        const auto [at, inserted] = index.try_emplace(items[i].uid, request.users_size());
        if (inserted) request.add_users()->set_user_id(items[i].uid);
        push::v1::UserAcknowledgement& user = *request.mutable_users(at->second);
        const size_t room = kMaxIdsOfUser - static_cast<size_t>(user.message_ids_size());
        in_request[i] = std::min(room, items[i].ids.size() - sent[i]);
        for (size_t n = 0; n < in_request[i]; ++n) user.add_message_ids(items[i].ids[sent[i] + n].ToBytes());
        more = more || in_request[i] > 0;
        until = std::max(until, items[i].until);
      }
      if (!more) break;
      const absl::Status status = Insist(request, until);
      for (size_t i = 0; i < items.size(); ++i) {
        if (in_request[i] == 0) continue;
        if (!status.ok()) statuses[i] = status;
        sent[i] += in_request[i];
        metrics_.GetCounter(kAcknowledgements, {product_, absl::StatusCodeToString(status.code())})
            .Add(static_cast<double>(in_request[i]));
      }
    }
    return statuses;
  }

  // Until push has taken it, or patience is over.
  absl::Status Insist(const push::v1::AcknowledgeRequest& request, absl::Duration until) {
    absl::Duration pause = kMinPause;
    for (;;) {
      const absl::Status status = Call<push::v1::AcknowledgeResponse>("Acknowledge", [&](auto* context, auto* answer) {
                                    return stub_->Acknowledge(context, request, answer);
                                  }).status();
      const bool again = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
                         absl::IsResourceExhausted(status) || absl::IsAborted(status) || absl::IsUnknown(status);
      if (!again || stopping_ || clock_.Monotonic() + pause >= until) return status;
      clock_.Sleep(pause);
      pause = std::min(2 * pause, kMaxPause);
    }
  }

  const std::string product_;
  const PushLinkOptions options_;
  Clock& clock_;
  Metrics& metrics_;
  const std::unique_ptr<DeliveryService::Stub> stub_;
  ha::RetryBudget budget_;
  std::atomic<bool> stopping_{false};
  Mutex mu_;
  RoomCache cache_ ABSL_GUARDED_BY(mu_);
  WorkerPool rooms_, restores_, reports_;
  Batcher<AckItem, absl::Status> acks_;
  Batcher<PendingItem, absl::StatusOr<PendingMessages>> pending_;
};

}  // namespace

std::unique_ptr<PushLink> NewPushLink(std::string product, std::shared_ptr<grpc::Channel> channel,
                                      PushLinkOptions options, Clock& clock, Metrics& metrics) {
  return std::make_unique<GrpcPushLink>(std::move(product), std::move(channel), std::move(options), clock, metrics);
}

struct PushLinks::State {
  NewChannel new_channel;
  PushLinkOptions options;
  Clock& clock;
  Metrics& metrics;
  Mutex mu;
  std::map<std::string, std::unique_ptr<PushLink>> links ABSL_GUARDED_BY(mu);
};

PushLinks::PushLinks(NewChannel new_channel, PushLinkOptions options, Clock& clock, Metrics& metrics)
    : state_(new State{std::move(new_channel), std::move(options), clock, metrics, {}, {}}) {}

PushLinks::~PushLinks() { Stop(); }

PushLink& PushLinks::Of(const std::string& product) {
  MutexLock lock(state_->mu);
  std::unique_ptr<PushLink>& link = state_->links[product];
  if (link == nullptr) {
    link = NewPushLink(product, state_->new_channel(product), state_->options, state_->clock, state_->metrics);
  }
  return *link;
}

void PushLinks::Stop() {
  std::vector<PushLink*> links;
  {
    MutexLock lock(state_->mu);
    for (const auto& [product, link] : state_->links) links.push_back(link.get());
  }
  for (PushLink* link : links) link->Stop();
}

}  // namespace trivium::gateway
