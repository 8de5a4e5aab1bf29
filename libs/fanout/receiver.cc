#include "libs/fanout/receiver.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/fanout/envelope_listener.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::fanout {
namespace {

absl::Status CheckChannels(const std::vector<Channel>& channels) {
  Violations violations;
  // The first wrong one tells enough; 100,000 of them would not.
  for (size_t i = 0; i < channels.size() && violations.empty(); ++i) {
    CheckChannel(channels[i], absl::StrCat("channels[", i, "]"), &violations);
  }
  return FieldsError(violations);
}

std::vector<std::string> EventsNames(const std::vector<Channel>& channels) {
  std::vector<std::string> names;
  names.reserve(channels.size());
  for (const Channel& channel : channels) names.push_back(KeyOf(Key::kEvents, channel));
  return names;
}

class RedisReceiver : public Receiver {
 public:
  RedisReceiver(ReceiverListener& listener, Metrics& metrics) : listener_(listener, metrics) {}

  absl::Status Start(redis::SubscriberOptions options, Clock& clock, Metrics& metrics) {
    TRIVIUM_ASSIGN_OR_RETURN(subscriber_, redis::NewSubscriber(std::move(options), listener_, clock, metrics));
    return absl::OkStatus();
  }

  absl::Status Subscribe(const std::vector<Channel>& channels) override {
    TRIVIUM_RETURN_IF_ERROR(CheckChannels(channels));
    return subscriber_->Subscribe(EventsNames(channels));
  }
  void Unsubscribe(const std::vector<Channel>& channels) override { subscriber_->Unsubscribe(EventsNames(channels)); }
  bool connected() const override { return subscriber_->connected(); }

 private:
  EnvelopeListener listener_;
  std::unique_ptr<redis::Subscriber> subscriber_;  // Ends before what it calls.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Receiver>> NewReceiver(redis::SubscriberOptions options, ReceiverListener& listener,
                                                      Clock& clock, Metrics& metrics) {
  auto receiver = std::make_unique<RedisReceiver>(listener, metrics);
  TRIVIUM_RETURN_IF_ERROR(receiver->Start(std::move(options), clock, metrics));
  return receiver;
}

}  // namespace trivium::fanout
