// A gateway's clients' part over a real Redis, with a push and products of the test's own. For tests.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "libs/client_protocol/protocol.h"
#include "libs/fanout/test_fanout.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "services/gateway/auth/token_checker.h"
#include "services/gateway/clients/ack_command.h"
#include "services/gateway/clients/clients.h"
#include "services/gateway/clients/metrics.h"
#include "services/gateway/connection/test_client.h"
#include "services/gateway/execution/executor.h"
#include "services/gateway/profiles/profiles.h"
#include "trivium/push/v1/delivery.grpc.pb.h"

namespace trivium::gateway {

// Tokens are "product/uid", "product/uid/<seconds that it lives>"; "product/uid/0" has expired.
class FakeTokens : public TokenChecker {
 public:
  absl::StatusOr<TokenIdentity> CheckUser(std::string_view token) override {
    const std::vector<std::string> parts = absl::StrSplit(std::string(token), '/');
    if (parts.size() < 2) return Error(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID", "token: malformed");
    TokenIdentity identity;
    identity.product = parts[0];
    identity.uid = parts[1];
    if (parts.size() > 2 && parts[2] == "0") {
      return Error(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED", "token: expired");
    }
    if (parts.size() > 2) identity.expires = absl::Now() + absl::Milliseconds(std::stoi(parts[2]) * 1000);
    return identity;
  }
  absl::StatusOr<TokenIdentity> CheckBackend(std::string_view) override {
    return absl::UnimplementedError("no backends here");
  }
};

class FakeProfiles : public Profiles {
 public:
  FakeProfiles() { profile.allowed_origins.insert("https://class.example.com"); }
  std::shared_ptr<const Profile> Find(std::string_view product) const override {
    if (product != "acme" && product != "globex") return nullptr;
    return std::make_shared<Profile>(profile);
  }
  bool AnyAllowsOrigin(std::string_view origin) const override { return profile.AllowsOrigin(origin); }
  Profile profile;  // Of both products. Before the first connection.
};

// Knows native commands, and "echo".
class FakeExecutor : public Executor {
 public:
  void RegisterNative(std::string name, NativeHandler handler) override {
    natives_[std::move(name)] = std::move(handler);
  }
  void Execute(CommandCall call, CallDone done) override {
    const auto native = natives_.find(call.name);
    if (native != natives_.end()) return native->second(std::move(call), absl::Seconds(5), std::move(done));
    if (call.name == "echo") return done(call.payload);
    if (call.name == "who") return done(absl::StrCat("\"", call.product, " ", call.uid, " ", call.room_id, "\""));
    done(Error(absl::StatusCode::kUnimplemented, "COMMAND_UNKNOWN", "no such command"));
  }

 private:
  std::map<std::string, NativeHandler> natives_;
};

// Push as gateways see it. Thread-safe.
class FakePush : public push::v1::DeliveryService::Service {
 public:
  FakePush() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~FakePush() override { server_->Shutdown(std::chrono::system_clock::now()); }
  std::shared_ptr<grpc::Channel> Channel() { return grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()); }

  grpc::Status Acknowledge(grpc::ServerContext* context, const push::v1::AcknowledgeRequest* request,
                           push::v1::AcknowledgeResponse* response) override {
    MutexLock lock(mu_);
    if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
    for (const auto& user : request->users()) {
      for (const std::string& id : user.message_ids()) {
        acked_.insert(absl::StrCat(Product(*context), "/", user.user_id(), "/", FormatId("msg", *Id::FromBytes(id))));
        pending_.erase({user.user_id(), id});
        response->set_acked(response->acked() + 1);
      }
    }
    return grpc::Status::OK;
  }
  grpc::Status ListPending(grpc::ServerContext*, const push::v1::ListPendingRequest* request,
                           push::v1::ListPendingResponse* response) override {
    MutexLock lock(mu_);
    list_pending_ += request->queries_size();
    if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
    for (const auto& query : request->queries()) {
      auto* result = response->add_results();
      for (const auto& [key, pending] : pending_) {
        if (key.first != query.user_id() || pending.first != query.channel()) continue;
        if (result->publications_size() == pending_page_) {
          result->set_has_more(true);
          break;
        }
        *result->add_publications() = pending.second;
        result->mutable_publications()->rbegin()->set_repeat(true);
      }
    }
    return grpc::Status::OK;
  }
  grpc::Status ReportDeliveries(grpc::ServerContext*, const push::v1::ReportDeliveriesRequest* request,
                                push::v1::ReportDeliveriesResponse*) override {
    MutexLock lock(mu_);
    if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
    if (!reports_.insert({request->gateway(), request->number()}).second) return grpc::Status::OK;
    for (const auto& count : request->counts()) {
      Fate& fate = fates_[FormatId("msg", *Id::FromBytes(count.message_id()))];
      fate.sent += count.sent();
      for (const auto& [reason, n] : count.dropped()) fate.dropped += n;
    }
    return grpc::Status::OK;
  }
  grpc::Status CheckRooms(grpc::ServerContext*, const push::v1::CheckRoomsRequest* request,
                          push::v1::CheckRoomsResponse* response) override {
    MutexLock lock(mu_);
    ++check_rooms_;
    if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
    for (const std::string& room : request->room_ids()) {
      if (room.find("secret") == std::string::npos) response->add_room_ids(room);
    }
    return grpc::Status::OK;
  }
  grpc::Status RestoreChannel(grpc::ServerContext*, const push::v1::RestoreChannelRequest* request,
                              push::v1::RestoreChannelResponse*) override {
    MutexLock lock(mu_);
    restored_.push_back(request->channel());
    return grpc::Status::OK;
  }

  struct Fate {
    int64_t sent = 0, dropped = 0;
    bool operator==(const Fate&) const = default;
  };
  void SetAway(bool away) {
    MutexLock lock(mu_);
    away_ = away;
  }
  void SetPendingPage(int size) {
    MutexLock lock(mu_);
    pending_page_ = size;
  }
  void AddPending(const std::string& uid, const std::string& channel, const push::v1::Publication& publication) {
    MutexLock lock(mu_);
    pending_[{uid, publication.message_id()}] = {channel, publication};
  }
  std::vector<push::v1::Publication> PendingOf(const std::string& uid) {
    MutexLock lock(mu_);
    std::vector<push::v1::Publication> publications;
    for (const auto& [key, pending] : pending_) {
      if (key.first == uid) publications.push_back(pending.second);
    }
    return publications;
  }
  // "product/uid/msg_...".
  std::set<std::string> acked() {
    MutexLock lock(mu_);
    return acked_;
  }
  Fate FateOf(const std::string& message_id) {
    MutexLock lock(mu_);
    return fates_[message_id];
  }
  std::vector<std::string> restored() {
    MutexLock lock(mu_);
    return restored_;
  }
  // Questions that were asked, of one user and channel each.
  int list_pending() {
    MutexLock lock(mu_);
    return list_pending_;
  }
  int check_rooms() {
    MutexLock lock(mu_);
    return check_rooms_;
  }

 private:
  static std::string Product(const grpc::ServerContext& context) {
    const auto found = context.client_metadata().find("x-trivium-product");
    return found == context.client_metadata().end() ? "" : std::string(found->second.data(), found->second.size());
  }

  Mutex mu_;
  bool away_ ABSL_GUARDED_BY(mu_) = false;
  int list_pending_ ABSL_GUARDED_BY(mu_) = 0, check_rooms_ ABSL_GUARDED_BY(mu_) = 0;
  int pending_page_ ABSL_GUARDED_BY(mu_) = 300;
  std::set<std::string> acked_ ABSL_GUARDED_BY(mu_);
  // By user and message: its channel.
  std::map<std::pair<std::string, std::string>, std::pair<std::string, push::v1::Publication>> pending_
      ABSL_GUARDED_BY(mu_);
  std::map<std::string, Fate> fates_ ABSL_GUARDED_BY(mu_);
  std::set<std::pair<std::string, int64_t>> reports_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> restored_ ABSL_GUARDED_BY(mu_);
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

// The other end of a connection: speaks the client protocol in one of its forms, answers pings.
class Peer {
 public:
  Peer(UniqueFd fd, protocol::Form form) : client_(std::move(fd)), form_(form) {}

  void Raw(std::string_view payload) {
    client_.Send(ClientFrame(form_ == protocol::Form::kJson ? Opcode::kText : Opcode::kBinary, payload));
  }
  uint32_t Send(protocol::Command command) {
    command.set_id(++last_id_);
    std::string frame;
    protocol::AppendToFrame(form_, protocol::EncodeCommand(command, form_).value(), &frame);
    Raw(frame);
    return last_id_;
  }
  // The answer to a command; an empty reply when none comes, at once when the connection is closed instead.
  protocol::Reply Ask(protocol::Command command) {
    const uint32_t id = Send(std::move(command));
    protocol::Reply answer;
    Await([&] { return Take([&](const protocol::Reply& reply) { return reply.id() == id; }, &answer); });
    return answer;
  }
  protocol::Reply Connect(const std::string& token,
                          const std::map<std::string, std::pair<std::string, uint64_t>>& at = {},
                          const std::string& device = "") {
    protocol::Command command;
    command.mutable_connect()->set_token(token);
    command.mutable_connect()->set_data(device);
    for (const auto& [channel, position] : at) {
      auto& sub = (*command.mutable_connect()->mutable_subs())[channel];
      sub.set_recover(true);
      sub.set_epoch(position.first);
      sub.set_offset(position.second);
    }
    return Ask(command);
  }
  protocol::Reply Subscribe(const std::string& channel, const std::string* epoch = nullptr, uint64_t offset = 0) {
    protocol::Command command;
    command.mutable_subscribe()->set_channel(channel);
    if (epoch != nullptr) {
      command.mutable_subscribe()->set_recover(true);
      command.mutable_subscribe()->set_epoch(*epoch);
      command.mutable_subscribe()->set_offset(offset);
    }
    return Ask(command);
  }
  protocol::Reply Rpc(const std::string& method, const std::string& data) {
    protocol::Command command;
    command.mutable_rpc()->set_method(method);
    command.mutable_rpc()->set_data(data);
    return Ask(command);
  }
  // The next publication of a channel; one without tags when none comes.
  protocol::Publication Next(const std::string& channel) {
    protocol::Reply reply;
    Await([&] {
      return Take([&](const protocol::Reply& r) { return r.push().channel() == channel && r.push().has_pub(); },
                  &reply);
    });
    return reply.push().pub();
  }
  // Its payloads that are here, or come within a moment.
  std::string Got(const std::string& channel, absl::Duration wait = absl::Milliseconds(150)) {
    for (const absl::Time until = absl::Now() + wait; absl::Now() < until; absl::SleepFor(absl::Milliseconds(5)))
      Read();
    std::string got;
    protocol::Reply reply;
    while (
        Take([&](const protocol::Reply& r) { return r.push().channel() == channel && r.push().has_pub(); }, &reply)) {
      absl::StrAppend(&got, got.empty() ? "" : " ", reply.push().pub().data());
    }
    return got;
  }
  uint32_t AwaitUnsubscribe(const std::string& channel) {
    protocol::Reply reply;
    Await([&] {
      return Take([&](const protocol::Reply& r) { return r.push().channel() == channel && r.push().has_unsubscribe(); },
                  &reply);
    });
    return reply.push().unsubscribe().code();
  }
  // "3500:invalid token"; "" when it stays open.
  std::string AwaitClose() {
    Await([&] { return !close_.empty() || client_.ended(); });
    return close_.empty() && client_.ended() ? "cut" : close_;
  }
  bool closed() {
    Read();
    return !close_.empty() || client_.ended();
  }

  // Reads what is there.
  void Read() {
    for (const ServerFrame& frame : client_.Frames()) {
      if (frame.opcode == Opcode::kClose) {
        close_ = TestClient::Describe(frame).substr(6);
        client_.Send(ClientFrame(Opcode::kClose, frame.payload));
      }
      if (frame.opcode != Opcode::kText && frame.opcode != Opcode::kBinary) continue;
      auto decoded =
          protocol::DecodeReplies(form_, frame.payload, {.commands_max = 10'000, .command_bytes_max = 1 << 20});
      if (!decoded.ok()) {
        ADD_FAILURE() << decoded.status();
        continue;
      }
      for (protocol::Reply& reply : *decoded) {
        const bool ping = reply.ByteSizeLong() == 0;
        if (ping) Raw(protocol::PingMessage(form_));
        if (!ping) replies_.push_back(std::move(reply));
      }
    }
  }
  template <typename Match>
  bool Take(Match match, protocol::Reply* taken) {
    const auto found = std::find_if(replies_.begin(), replies_.end(), match);
    if (found == replies_.end()) return false;
    *taken = std::move(*found);
    replies_.erase(found);
    return true;
  }
  TestClient& socket() { return client_; }
  void Cut() { client_.Disconnect(); }

 private:
  // Until it is done, or cannot be any more.
  template <typename Done>
  void Await(Done done) {
    for (const absl::Time until = absl::Now() + absl::Seconds(15); absl::Now() < until;
         absl::SleepFor(absl::Milliseconds(1))) {
      Read();
      if (done() || !close_.empty() || client_.ended()) return;
    }
  }

  TestClient client_;
  const protocol::Form form_;
  uint32_t last_id_ = 0;
  std::vector<protocol::Reply> replies_;
  std::string close_;
};

// One gateway's clients' part.
struct TestGateway {
  TestGateway(ClientsOptions options, FakePush& push) {
    auto started = StartClients(
        std::move(options),
        {tokens, profiles, executor, [&push](const std::string&) { return push.Channel(); }, Clock::Real(), metrics});
    EXPECT_TRUE(started.ok()) << started.status();
    clients = *std::move(started);
  }
  Peer Open(protocol::Form form = protocol::Form::kJson, const std::string& origin = "") {
    auto [server, client] = TcpPair(listener);
    UpgradedSocket socket;
    socket.fd = std::move(server);
    socket.peer = "127.0.0.1";
    socket.origin = origin;
    socket.form = form;
    adopted = clients->Adopt(std::move(socket));
    return Peer(std::move(client), form);
  }
  Peer Connected(const std::string& token, protocol::Form form = protocol::Form::kJson) {
    Peer peer = Open(form);
    EXPECT_TRUE(peer.Connect(token).has_connect());
    return peer;
  }
  double Count(const Metric& metric, const std::vector<std::string>& labels) {
    return metrics.GetCounter(metric, labels).Value();
  }

  Metrics metrics;
  FakeTokens tokens;
  FakeProfiles profiles;
  FakeExecutor executor;
  UniqueFd listener = Listener();
  absl::Status adopted;
  std::unique_ptr<Clients> clients;
};

class ClientsTest : public fanout::RedisSuite {
 protected:
  ClientsTest() : fanout_(redis_->client_options()) {
    options_.instance = "gateway-1";
    options_.reactors = 2;
    options_.connection.frames_per_second = 0;
    options_.redis = redis_->client_options();
    options_.report_interval = absl::Milliseconds(50);
    options_.probe_interval = absl::Milliseconds(50);
    options_.stop_grace = absl::Milliseconds(500);
  }
  TestGateway& gateway() {
    if (gateway_ == nullptr) gateway_ = std::make_unique<TestGateway>(options_, push_);
    return *gateway_;
  }

  // A message of push; its id is new.
  push::v1::Publication Message(push::v1::MessageClass message_class, const std::string& data) {
    push::v1::Publication publication;
    publication.set_message_id(fanout_.ids->Next().ToBytes());
    publication.set_class_(message_class);
    publication.set_data(data);
    publication.set_create_time_ms(absl::ToUnixMillis(absl::Now()));
    return publication;
  }
  // As push does it. Returns the message's id as clients see it.
  std::string Publish(const std::string& channel, push::v1::MessageClass message_class, const std::string& data,
                      const std::string& product = "acme") {
    return Publish(channel, Message(message_class, data), product);
  }
  std::string Publish(const std::string& channel, const push::v1::Publication& publication,
                      const std::string& product = "acme") {
    push::v1::Fanout fanout;
    *fanout.mutable_publication() = publication;
    fanout::Message message{.channel = {product, channel}, .payload = fanout.SerializeAsString()};
    if (publication.class_() == push::v1::LOSSY) {
      message.history = {};
      EXPECT_TRUE(fanout_.publisher->PublishOnly(std::span(&message, 1), fanout::Soon()).front().ok());
    } else {
      const auto result = fanout_.Append(message);
      EXPECT_TRUE(result.ok()) << result.status();
    }
    return FormatId("msg", *Id::FromBytes(publication.message_id()));
  }
  void Order(const std::string& uid, const push::v1::Fanout& fanout) {
    const fanout::Message message{.channel = {"acme", "user:" + uid}, .payload = fanout.SerializeAsString()};
    EXPECT_TRUE(fanout_.publisher->PublishOnly(std::span(&message, 1), fanout::Soon()).front().ok());
  }

  ClientsOptions options_;
  FakePush push_;
  fanout::TestFanout fanout_;
  std::unique_ptr<TestGateway> gateway_;
};

}  // namespace trivium::gateway
