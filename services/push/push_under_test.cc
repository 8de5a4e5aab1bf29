#include "services/push/push_under_test.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/id/id.h"
#include "libs/redis/client.h"
#include "libs/rpc/tls.h"

namespace trivium::push {

TwoProfiles::TwoProfiles() {
  Profile profile;
  profile.time_zone = "Asia/Shanghai";
  absl::LoadTimeZone(profile.time_zone, &profile.zone);
  Set(profile);
}

std::shared_ptr<const Profile> TwoProfiles::Find(const std::string& product) {
  if (product != "acme" && product != "globex") return nullptr;
  MutexLock lock(mu_);
  return profile_;
}

void TwoProfiles::Set(const Profile& profile) {
  MutexLock lock(mu_);
  profile_ = std::make_shared<const Profile>(profile);
}

Profile TwoProfiles::Get() { return *Find("acme"); }

rpc::TestPki& Pki() {
  static auto* pki = new rpc::TestPki;
  return *pki;
}

namespace {

Settings SettingsOf(const redis::AnyTestRedis& redis, const mysql::PoolOptions* mysql, const std::string& instance) {
  Settings settings;
  settings.instance_id = instance;
  settings.redis = redis.client_options();
  settings.redis.name = "push";
  if (mysql != nullptr) settings.mysql = *mysql;
  if (mysql == nullptr) settings.mysql.schema = "";
  settings.workers.interval = absl::Milliseconds(20);
  settings.vendor = "log";
  return settings;
}

}  // namespace

PushUnderTest::PushUnderTest(const redis::AnyTestRedis& redis, TwoProfiles& profiles, const mysql::PoolOptions* mysql,
                             const std::string& instance)
    : app_(SettingsOf(redis, mysql, instance), guard_, Clock::Real(), metrics_, &profiles) {
  const absl::Status started = app_.Start();
  EXPECT_TRUE(started.ok()) << started;
  grpc::ServerBuilder builder;
  builder.RegisterService(app_.push_service());
  builder.RegisterService(app_.delivery_service());
  builder.AddListeningPort("127.0.0.1:0", rpc::ServerTls(Pki().Service("push")), &port_);
  server_ = builder.BuildAndStart();
  push_ = Stub(Pki().Product("acme"));
  delivery_ = v1::DeliveryService::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_), rpc::ClientTls(Pki().Service("gateway"))));
}

PushUnderTest::~PushUnderTest() {
  guard_.Drain();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  app_.Stop();
}

std::unique_ptr<v1::PushService::Stub> PushUnderTest::Stub(const rpc::TlsFiles& files) {
  return v1::PushService::NewStub(grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_), rpc::ClientTls(files)));
}

std::string PushUnderTest::NewRequestId() {
  static IdGenerator* const ids = NewIdGenerator(Clock::Real()).release();
  return FormatId("req", ids->Next());
}

absl::Status PushUnderTest::Publish(const v1::PublishRequest& request, v1::Message* message) {
  return Call(&v1::PushService::Stub::Publish, request, message);
}

v1::PublishRequest PushUnderTest::ToUser(const std::string& request_id, const std::string& user, v1::MessageClass c) {
  v1::PublishRequest request;
  request.set_request_id(request_id);
  request.mutable_target()->set_user_id(user);
  request.set_class_(c);
  request.set_data(absl::StrCat("{\"text\":\"", request_id, "\"}"));
  return request;
}

v1::PublishRequest PushUnderTest::ToRoom(const std::string& request_id, const std::string& room, v1::MessageClass c) {
  v1::PublishRequest request = ToUser(request_id, "", c);
  request.mutable_target()->set_room_id(room);
  return request;
}

v1::Message PushUnderTest::MustPublish(const v1::PublishRequest& request) {
  v1::Message message;
  const absl::Status status = Publish(request, &message);
  EXPECT_TRUE(status.ok()) << status;
  return message;
}

v1::Message PushUnderTest::MustGet(const std::string& message_id) {
  v1::GetMessageRequest request;
  request.set_message_id(message_id);
  v1::Message message;
  const absl::Status status = Call(&v1::PushService::Stub::GetMessage, request, &message);
  EXPECT_TRUE(status.ok()) << status << " " << message_id;
  return message;
}

void PushUnderTest::MustJoin(const std::string& room, const std::vector<std::string>& users) {
  v1::AddRoomMembersRequest request;
  request.set_request_id(NewRequestId());
  request.set_room_id(room);
  for (const std::string& user : users) request.add_user_ids(user);
  v1::AddRoomMembersResponse response;
  const absl::Status status = Call(&v1::PushService::Stub::AddRoomMembers, request, &response);
  EXPECT_TRUE(status.ok()) << status;
}

void PushUnderTest::MustTag(const std::string& user, const std::map<std::string, std::string>& tags) {
  v1::UpdateUserTagsRequest request;
  request.set_request_id(NewRequestId());
  request.set_user_id(user);
  for (const auto& [key, value] : tags) (*request.mutable_set())[key] = value;
  v1::User response;
  const absl::Status status = Call(&v1::PushService::Stub::UpdateUserTags, request, &response);
  EXPECT_TRUE(status.ok()) << status;
}

int PushUnderTest::MustAck(const std::string& user, const std::vector<std::string>& message_ids) {
  v1::AcknowledgeRequest request;
  v1::UserAcknowledgement* one = request.add_users();
  one->set_user_id(user);
  for (const std::string& id : message_ids) one->add_message_ids(ParseId("msg", id)->ToBytes());
  v1::AcknowledgeResponse response;
  const absl::Status status = Call(&v1::DeliveryService::Stub::Acknowledge, request, &response);
  EXPECT_TRUE(status.ok()) << status;
  return response.acked();
}

std::vector<std::string> PushUnderTest::MustListPending(const std::string& user, const std::string& channel) {
  v1::ListPendingRequest request;
  v1::PendingQuery* query = request.add_queries();
  query->set_user_id(user);
  query->set_channel(channel);
  v1::ListPendingResponse response;
  const absl::Status status = Call(&v1::DeliveryService::Stub::ListPending, request, &response);
  EXPECT_TRUE(status.ok()) << status;
  std::vector<std::string> ids;
  if (response.results_size() != 1) return ids;
  for (const v1::Publication& p : response.results(0).publications()) {
    EXPECT_TRUE(p.repeat());
    EXPECT_EQ(p.offset(), 0u);
    ids.push_back(IdOf(p));
  }
  return ids;
}

std::string IdOf(const v1::Publication& publication) {
  const absl::StatusOr<Id> id = Id::FromBytes(publication.message_id());
  return id.ok() ? FormatId("msg", *id) : "malformed";
}

TestGateway::TestGateway(const redis::AnyTestRedis& redis, const std::string& product,
                         const std::vector<std::string>& channels)
    : product_(product),
      client_(redis::NewClient(redis.client_options(), Clock::Real(), metrics_).value()),
      presence_(fanout::NewPresence(*client_)) {
  redis::SubscriberOptions options;
  options.addresses = redis.client_options().addresses;
  options.cluster = redis.client_options().cluster;
  receiver_ = fanout::NewReceiver(options, *this, Clock::Real(), metrics_).value();
  std::vector<fanout::Channel> wanted;
  for (const std::string& name : channels) wanted.push_back({product, name});
  EXPECT_TRUE(receiver_->Subscribe(wanted).ok());
  EXPECT_TRUE(Eventually([&] {
    MutexLock lock(mu_);
    return subscribed_ >= channels.size();
  }));
}

TestGateway::~TestGateway() { receiver_.reset(); }

void TestGateway::MustConnect(const std::string& channel, const std::vector<std::string>& users) {
  std::vector<fanout::PresentConnection> items;
  for (const std::string& user : users) {
    v1::Connection info;
    info.set_connection_id(absl::StrCat("c-", user));
    info.set_device_id(absl::StrCat("d-", user));
    info.set_platform("web");
    items.push_back({.channel = {product_, channel},
                     .connection = {.id = info.connection_id(), .user = user, .info = info.SerializeAsString()},
                     .ttl = absl::Hours(1)});
  }
  for (const absl::Status& status : presence_->Refresh(items, Soon())) EXPECT_TRUE(status.ok()) << status;
}

void TestGateway::OnEnvelope(fanout::ChannelView channel, const fanout::Envelope& envelope) {
  Heard heard{.channel = std::string(channel.name), .offset = envelope.offset, .epoch = std::string(envelope.epoch)};
  EXPECT_TRUE(heard.what.ParseFromString(std::string(envelope.payload)));
  MutexLock lock(mu_);
  heard_.push_back(std::move(heard));
}

void TestGateway::OnSubscribed(fanout::ChannelView) {
  MutexLock lock(mu_);
  ++subscribed_;
}

std::vector<TestGateway::Heard> TestGateway::heard() {
  MutexLock lock(mu_);
  return heard_;
}

std::vector<TestGateway::Heard> TestGateway::AwaitPublications(size_t count, const std::string& channel) {
  std::vector<Heard> found;
  EXPECT_TRUE(Eventually([&] {
    found.clear();
    for (const Heard& h : heard()) {
      if (h.what.has_publication() && (channel.empty() || h.channel == channel)) found.push_back(h);
    }
    return found.size() >= count;
  })) << "want "
      << count << " publications, have " << found.size();
  return found;
}

std::vector<std::string> TestGateway::IdsOf(const std::string& channel) {
  std::vector<std::string> ids;
  for (const Heard& h : heard()) {
    if (h.channel == channel && h.what.has_publication() && !h.what.publication().repeat())
      ids.push_back(IdOf(h.what.publication()));
  }
  return ids;
}

}  // namespace trivium::push
