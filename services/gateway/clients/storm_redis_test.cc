// Clients that break at random moments while messages flow: nothing RELIABLE is lost, ORDERED is in order, and who
// drops repeats by id sees nothing twice.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/gateway/clients/test_floor.h"

namespace trivium::gateway {
namespace {

// A user as our SDK behaves: remembers positions and ids over its connections, acknowledges what it has.
class Pupil {
 public:
  Pupil(TestGateway& gateway, std::string uid, protocol::Form form)
      : gateway_(gateway), uid_(std::move(uid)), form_(form) {}

  void Step(std::mt19937& random) {
    if (peer_ == nullptr) return Connect();
    peer_->Read();
    protocol::Reply reply;
    while (peer_ != nullptr && peer_->Take([](const protocol::Reply& r) { return r.has_push() || r.id() > 0; }, &reply))
      Hear(reply);
    if (peer_ != nullptr && (peer_->closed() || random() % 40 == 0)) {
      peer_->Cut();
      peer_ = nullptr;
    }
  }
  // Until nothing comes any more.
  void Finish() {
    if (peer_ == nullptr) Connect();
    if (peer_ == nullptr) return;
    peer_->Read();
    protocol::Reply reply;
    while (peer_ != nullptr && peer_->Take([](const protocol::Reply& r) { return r.has_push() || r.id() > 0; }, &reply))
      Hear(reply);
    if (peer_ != nullptr && peer_->closed()) peer_ = nullptr;
  }

  const std::set<std::string>& reliable() const { return reliable_; }
  const std::string& uid() const { return uid_; }

 private:
  struct Place {
    std::string epoch;
    uint64_t offset = 0;
  };

  void Connect() {
    peer_ = std::make_unique<Peer>(gateway_.Open(form_));
    std::map<std::string, std::pair<std::string, uint64_t>> at;
    for (const auto& [channel, place] : places_) {
      if (channel != kRoom) at[channel] = {place.epoch, place.offset};
    }
    const protocol::Reply reply = peer_->Connect("acme/" + uid_, at);
    if (!reply.has_connect()) {
      peer_ = nullptr;
      return;
    }
    for (const auto& [channel, result] : reply.connect().subs()) Joined(channel, result);
    Join();
  }
  void Join() {
    const auto place = places_.find(kRoom);
    const protocol::Reply reply = place == places_.end()
                                      ? peer_->Subscribe(kRoom)
                                      : peer_->Subscribe(kRoom, &place->second.epoch, place->second.offset);
    if (!reply.has_subscribe()) {
      peer_->Cut();
      peer_ = nullptr;
      return;
    }
    Joined(kRoom, reply.subscribe());
  }
  void Joined(const std::string& channel, const protocol::SubscribeResult& result) {
    if (!result.recovered()) places_[channel] = {result.epoch(), result.offset()};
    for (const protocol::Publication& publication : result.publications()) Hear(channel, publication);
  }
  void Hear(const protocol::Reply& reply) {
    if (reply.push().has_pub()) Hear(reply.push().channel(), reply.push().pub());
    if (reply.push().has_unsubscribe()) Join();
  }
  void Hear(const std::string& channel, const protocol::Publication& publication) {
    const std::string id = publication.tags().at("id");
    if (publication.offset() > 0) {
      Place& place = places_[channel];
      EXPECT_GT(publication.offset(), place.offset) << uid_ << " " << channel;
      place.offset = publication.offset();
      if (!publication.epoch().empty()) place.epoch = publication.epoch();
    }
    if (publication.tags().at("class") == "ORDERED") {
      EXPECT_TRUE(ordered_.insert(id).second) << "an ORDERED message came twice";
      return;
    }
    if (publication.tags().at("class") == "LOSSY" || peer_ == nullptr) return;
    if (!reliable_.insert(id).second) ++repeats_;
    protocol::Command command;
    command.mutable_rpc()->set_method("push.ack");
    command.mutable_rpc()->set_data(absl::StrCat(R"({"message_ids":[")", id, R"("]})"));
    peer_->Send(command);
  }

  static constexpr const char* kRoom = "room:r1";
  TestGateway& gateway_;
  const std::string uid_;
  const protocol::Form form_;
  std::unique_ptr<Peer> peer_;
  std::map<std::string, Place> places_;
  std::set<std::string> reliable_, ordered_;
  int repeats_ = 0;
};

class StormTest : public ClientsTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, StormTest, testing::Values(1, 2, 3));

TEST_P(StormTest, NothingReliableIsLostAndOrderHolds) {
  constexpr int kPupils = 12, kMessages = 300;
  gateway().profiles.profile.max_connections_per_user = 50;
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  std::vector<Pupil> pupils;
  for (int i = 0; i < kPupils; ++i) {
    pupils.emplace_back(gateway(), absl::StrCat("u", i),
                        i % 2 == 0 ? protocol::Form::kJson : protocol::Form::kProtobuf);
  }
  for (Pupil& pupil : pupils) pupil.Step(random);
  std::set<std::string> published;
  for (int i = 0; i < kMessages; ++i) {
    const int kind = static_cast<int>(random() % 3);
    const push::v1::Publication message = Message(kind == 0   ? push::v1::LOSSY
                                                  : kind == 1 ? push::v1::ORDERED
                                                              : push::v1::RELIABLE,
                                                  absl::StrCat(i));
    if (kind == 2) {
      for (const Pupil& pupil : pupils) push_.AddPending(pupil.uid(), "room:r1", message);
      published.insert(FormatId("msg", *Id::FromBytes(message.message_id())));
    }
    Publish("room:r1", message);
    // The connection to Redis breaks now and then.
    if (random() % 100 == 0) {
      ASSERT_TRUE(redis_->RunOnAll({"CLIENT", "KILL", "TYPE", "pubsub"}).ok());
    }
    for (Pupil& pupil : pupils) pupil.Step(random);
  }
  EXPECT_TRUE(fanout::Eventually([&] {
    bool all = true;
    for (Pupil& pupil : pupils) {
      pupil.Finish();
      all = all && pupil.reliable() == published;
    }
    return all;
  }));
  // An acknowledgement may have been cut off: push repeats what it has not, through the user's channel.
  EXPECT_TRUE(fanout::Eventually([&] {
    for (Pupil& pupil : pupils) {
      for (push::v1::Publication repeat : push_.PendingOf(pupil.uid())) {
        push::v1::Fanout fanout;
        repeat.set_repeat(true);
        *fanout.mutable_publication() = repeat;
        Order(pupil.uid(), fanout);
      }
      absl::SleepFor(absl::Milliseconds(20));
      pupil.Finish();
    }
    return push_.acked().size() == published.size() * kPupils;
  })) << push_.acked().size()
      << " of " << published.size() * kPupils << " acknowledged";
}

}  // namespace
}  // namespace trivium::gateway
