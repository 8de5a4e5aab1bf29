#include "tests/load/room_publisher.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/status/status.h"
#include "tests/load/fleet.h"
#include "tests/load/product_tls.h"
#include "trivium/push/v1/push.grpc.pb.h"

namespace trivium::load {

namespace api = trivium::push::v1;

namespace {

constexpr absl::Duration kTick = absl::Milliseconds(5);

api::MessageClass ClassOf(LoadClass c) {
  constexpr api::MessageClass kClasses[] = {api::LOSSY, api::ORDERED, api::RELIABLE};
  return kClasses[static_cast<int>(c)];
}

std::string DataOf(size_t bytes) {
  std::string data = absl::StrCat("{\"t\":", NowMicros(), ",\"x\":\"");
  data.append(bytes > data.size() + 2 ? bytes - data.size() - 2 : 0, 'x');
  return data + "\"}";
}

}  // namespace

int MessagesOfABatch(size_t bytes) {
  constexpr size_t kBytesMax = 2 << 20, kMessagesMax = 500;  // Push takes 3 MiB of data, and 1,000.
  return static_cast<int>(std::clamp<size_t>(kBytesMax / std::max<size_t>(bytes, 1), 1, kMessagesMax));
}

struct RoomPublisher::Impl {
  std::string run_id;
  std::unique_ptr<api::PushService::Stub> stub;
  int64_t next = 0;

  // Each of the targets gets `count`, in as many batches as that takes.
  void Send(const std::vector<api::Target>& targets, LoadClass message_class, int count, size_t bytes,
            PublishResult& result) {
    const size_t all = targets.size() * static_cast<size_t>(count);
    api::PublishBatchRequest request;
    for (size_t i = 0; i < all; ++i) {
      api::PublishRequest& one = *request.add_requests();
      one.set_request_id(absl::StrCat(run_id, ":", next++));
      *one.mutable_target() = targets[i % targets.size()];
      one.set_class_(ClassOf(message_class));
      one.set_data(DataOf(bytes));
      one.mutable_ttl()->set_seconds(30);
      if (request.requests_size() < MessagesOfABatch(bytes) && i + 1 < all) continue;
      SendBatch(request, result);
      request.clear_requests();
    }
  }

  void SendBatch(const api::PublishBatchRequest& request, PublishResult& result) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    api::PublishBatchResponse answer;
    const grpc::Status status = stub->PublishBatch(&context, request, &answer);
    if (!status.ok()) {
      result.failed += request.requests_size();
      if (result.error.empty()) result.error = status.error_message();
      return;
    }
    for (const api::PublishOutcome& outcome : answer.outcomes()) {
      ++(outcome.code() == 0 ? result.messages : result.failed);
      if (outcome.code() != 0 && result.error.empty()) result.error = outcome.reason() + " " + outcome.error();
    }
  }

  PublishResult SendSteadily(const std::vector<api::Target>& targets, LoadClass message_class, int per_second,
                             absl::Duration length, size_t bytes) {
    PublishResult result;
    const absl::Time begin = absl::Now();
    int64_t asked = 0;
    for (absl::Time now = begin; now < begin + length; now = absl::Now()) {
      const auto due = static_cast<int64_t>(absl::ToDoubleSeconds(now - begin) * per_second) + 1 - asked;
      const int count = static_cast<int>(std::min<int64_t>(due, std::max(1, per_second / 10)));
      if (count > 0) {
        Send(targets, message_class, count, bytes, result);
        asked += count;
      }
      std::this_thread::sleep_for(absl::ToChronoMilliseconds(kTick));
    }
    result.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    return result;
  }
};

RoomPublisher::RoomPublisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RoomPublisher::~RoomPublisher() = default;

absl::StatusOr<std::unique_ptr<RoomPublisher>> RoomPublisher::Create(const GatewayFlags& flags,
                                                                     const std::string& run_id) {
  TRIVIUM_ASSIGN_OR_RETURN(const grpc::SslCredentialsOptions tls, ReadProductTls(flags.pki, flags.product));
  grpc::ChannelArguments arguments;
  if (!flags.push_target.starts_with("xds:")) {
    arguments.SetSslTargetNameOverride(absl::StrCat(flags.product, ".push.trivium"));
  }
  auto impl = std::make_unique<Impl>();
  impl->run_id = run_id;
  impl->stub =
      api::PushService::NewStub(grpc::CreateCustomChannel(flags.push_target, grpc::SslCredentials(tls), arguments));
  return std::unique_ptr<RoomPublisher>(new RoomPublisher(std::move(impl)));
}

PublishResult RoomPublisher::Publish(const std::string& room, LoadClass message_class, int per_second,
                                     absl::Duration length, size_t bytes) {
  std::vector<api::Target> targets(1);
  targets[0].set_room_id(room);
  return impl_->SendSteadily(targets, message_class, per_second, length, bytes);
}

PublishResult RoomPublisher::PublishToUsers(const std::vector<std::string>& users, LoadClass message_class,
                                            int per_second, absl::Duration length, size_t bytes) {
  std::vector<api::Target> targets;
  for (const std::string& user : users) targets.emplace_back().set_user_id(user);
  return impl_->SendSteadily(targets, message_class, per_second, length, bytes);
}

}  // namespace trivium::load
