// The console's API as a browser, or an attacker with curl, meets it: over HTTP, with cookies and tokens. For tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/http/client.h"
#include "libs/http/server.h"
#include "libs/mysql/mysql.h"
#include "libs/status/error.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "services/ops/console_api.h"
#include "services/ops/password.h"
#include "services/ops/prometheus.h"
#include "services/ops/secret.h"
#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"
#include "trivium/gateway/v1/command.pb.h"
#include "trivium/live/v1/live.pb.h"
#include "trivium/payment/v1/payment.pb.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::ops {

using nlohmann::json;

// Two products; all of their profile is there.
class FakeProducts : public Products {
 public:
  std::vector<std::string> All() const override { return {"acme", "globex"}; }
  std::optional<ProductNames> Find(std::string_view product) const override {
    if (product != "acme" && product != "globex") return std::nullopt;
    return ProductNames{std::string(product), "极点", "Acme", "Asia/Shanghai", true, true, true, true};
  }
};

class FakePayment : public PaymentReader {
 public:
  absl::Status GetDay(const CallFor& call, const std::string& product, const std::string&,
                      payment::v1::DailySummary* out) override {
    last = product + " for " + call.actor;
    auto* currency = out->add_currencies();
    currency->set_currency_code("CNY");
    currency->set_paid_minor(9'007'199'254'740'993);
    currency->set_ledger_debits_minor(5);
    currency->set_ledger_credits_minor(5);
    currency->set_balances_match_entries(true);
    return absl::OkStatus();
  }
  std::string last;
};

// Says who asked for what as whom; acme has one message.
class FakePush : public PushReader {
 public:
  absl::Status GetDay(const CallFor& call, const std::string& product, const push::v1::GetDailySummaryRequest&,
                      push::v1::DailySummary* out) override {
    Note("GetDay", call, product);
    auto* row = out->add_classes();
    row->set_class_(push::v1::RELIABLE);
    row->set_messages(1);
    *row->mutable_delivery() = ledger;
    return absl::OkStatus();
  }
  absl::Status ListMessages(const CallFor& call, const std::string& product,
                            const push::v1::ListMessagesRequest& request,
                            push::v1::ListMessagesResponse* out) override {
    Note(absl::StrCat("ListMessages ", request.channel(), " ", request.class_(), " ", request.state(), " ",
                      request.page_size(), " ", request.page_token()),
         call, product);
    *out->add_messages() = MakeMessage();
    out->set_next_page_token("more");
    return absl::OkStatus();
  }
  absl::Status GetMessage(const CallFor& call, const std::string& product, const push::v1::GetMessageRequest& request,
                          push::v1::Message* out) override {
    Note("GetMessage", call, product);
    if (request.message_id() != "msg_1") return Error(absl::StatusCode::kNotFound, "MESSAGE_NOT_FOUND", "message_id");
    *out = MakeMessage();
    return absl::OkStatus();
  }
  absl::Status ListRecipients(const CallFor& call, const std::string& product,
                              const push::v1::ListRecipientsRequest& request,
                              push::v1::ListRecipientsResponse* out) override {
    Note(absl::StrCat("ListRecipients ", request.message_id(), " ", request.state()), call, product);
    out->add_recipients()->set_user_id("u-1");
    return absl::OkStatus();
  }
  absl::Status GetPresence(const CallFor& call, const std::string& product, const push::v1::GetPresenceRequest& request,
                           push::v1::Presence* out) override {
    Note("GetPresence " + request.user_id(), call, product);
    out->add_connections()->set_platform("web");
    out->set_num_connections(1);
    return absl::OkStatus();
  }
  absl::Status ListUserMessages(const CallFor& call, const std::string& product,
                                const push::v1::ListUserMessagesRequest& request,
                                push::v1::ListUserMessagesResponse* out) override {
    Note(absl::StrCat("ListUserMessages ", request.user_id(), " ", request.state()), call, product);
    out->add_recipients()->set_message_id("msg_1");
    return absl::OkStatus();
  }

  push::v1::Delivery ledger;
  std::string last;

 private:
  push::v1::Message MakeMessage() const {
    push::v1::Message message;
    message.set_message_id("msg_1");
    message.set_data("what a pupil reads");
    *message.mutable_delivery() = ledger;
    return message;
  }
  void Note(const std::string& what, const CallFor& call, const std::string& product) {
    last = absl::StrCat(what, " as ", product, " for ", call.actor);
  }
};

// Says who asked for what as whom; acme has one room, "math-7", with one user.
class FakeLive : public LiveReader {
 public:
  static constexpr char kRoomId[] = "room_00000000000000000000000001";

  absl::Status GetDay(const CallFor& call, const std::string& product, const live::v1::GetDailySummaryRequest& request,
                      live::v1::DailySummary* out) override {
    Note("GetDay " + request.day(), call, product);
    out->set_day(request.day());
    out->set_queued(3);
    return answer;
  }
  absl::Status ListRooms(const CallFor& call, const std::string& product, const live::v1::ListRoomsRequest& request,
                         live::v1::ListRoomsResponse* out) override {
    Note(absl::StrCat("ListRooms ", request.state(), " ", request.institution_id(), " ", request.page_size(), " ",
                      request.page_token(), request.with_occupancy() ? " counted" : ""),
         call, product);
    *out->add_rooms() = MakeRoom();
    out->set_next_page_token("more");
    return answer;
  }
  absl::Status GetRoom(const CallFor& call, const std::string& product, const live::v1::GetRoomRequest& request,
                       live::v1::Room* out) override {
    Note(absl::StrCat("GetRoom ", request.room_id(), request.room_ref()), call, product);
    if (!answer.ok()) return answer;
    if (request.room_id() != kRoomId && request.room_ref() != "math-7") return NoRoom();
    *out = MakeRoom();
    return absl::OkStatus();
  }
  absl::Status ListParticipants(const CallFor& call, const std::string& product,
                                const live::v1::ListParticipantsRequest& request,
                                live::v1::ListParticipantsResponse* out) override {
    Note(absl::StrCat("ListParticipants ", request.page_size(), " ", request.page_token()), call, product);
    if (request.room_id() != kRoomId) return NoRoom();
    out->add_participants()->set_user_id("u-1");
    out->set_next_page_token("more");
    return answer;
  }
  absl::Status ListStays(const CallFor& call, const std::string& product, const live::v1::ListStaysRequest& request,
                         live::v1::ListStaysResponse* out) override {
    Note(absl::StrCat("ListStays ", request.room_id(), " ", request.user_id(), " ", request.page_token()), call,
         product);
    if (!request.room_id().empty() && request.room_id() != kRoomId) return NoRoom();
    out->add_stays()->set_leave_reason("LEASE_EXPIRED");
    *out->add_rooms() = MakeRoom();
    out->set_next_page_token("more");
    return answer;
  }
  absl::Status ListRoomEvents(const CallFor& call, const std::string& product,
                              const live::v1::ListRoomEventsRequest& request,
                              live::v1::ListRoomEventsResponse* out) override {
    Note(absl::StrCat("ListRoomEvents ", request.page_size(), " ", request.page_token()), call, product);
    if (request.room_id() != kRoomId) return NoRoom();
    out->add_events()->set_type(live::v1::Event::ROOM_STARTED);
    out->set_next_page_token("more");
    return answer;
  }

  absl::Status answer;  // Of each call that finds its room.
  std::string last;

 private:
  static absl::Status NoRoom() { return Error(absl::StatusCode::kNotFound, "ROOM_NOT_FOUND", "room_id: not found"); }
  static live::v1::Room MakeRoom() {
    live::v1::Room room;
    room.set_room_id(kRoomId);
    room.set_title("数学 7");
    room.mutable_occupancy()->set_rtc(1);
    return room;
  }
  void Note(const std::string& what, const CallFor& call, const std::string& product) {
    last = absl::StrCat(what, " as ", product, " for ", call.actor);
  }
};

// Routes, and command items with their versions.
class FakeControl : public ControlGateway {
 public:
  absl::Status ListInstances(const CallFor&, control::v1::ListInstancesResponse* out) override {
    auto* instance = out->add_instances()->mutable_instance();
    instance->set_service("payment");
    instance->set_cell("cell-a");
    return absl::OkStatus();
  }
  absl::Status GetRoutePlan(const CallFor&, control::v1::RoutePlan* out) override {
    out->set_epoch(epoch);
    return absl::OkStatus();
  }
  absl::Status SetRoute(const CallFor& call, const control::v1::SetRouteRequest& request,
                        control::v1::RoutePlan* out) override {
    changes.push_back(request.reason() + " by " + call.actor);
    out->set_epoch(++epoch);
    return absl::OkStatus();
  }
  absl::Status ListAudit(const CallFor&, const control::v1::ListAuditEntriesRequest&,
                         control::v1::ListAuditEntriesResponse*) override {
    return absl::OkStatus();
  }
  absl::Status ListConfigs(const CallFor&, const control::v1::ListConfigsRequest& request,
                           control::v1::ListConfigsResponse* out) override {
    EXPECT_EQ(request.kind(), "command");
    // Two a page, whatever was asked for, so that more than one is read.
    auto next = commands.upper_bound(request.page_token());
    for (; next != commands.end() && out->items_size() < 2; ++next) *out->add_items() = next->second.back();
    if (next != commands.end()) out->set_next_page_token(out->items().rbegin()->name());
    return absl::OkStatus();
  }
  absl::Status GetConfig(const CallFor&, const control::v1::GetConfigRequest& request,
                         control::v1::ConfigItem* out) override {
    const auto found = commands.find(request.name());
    if (found == commands.end()) return NoConfig("command/" + request.name());
    *out = request.version() == 0 ? found->second.back() : found->second.at(static_cast<size_t>(request.version() - 1));
    return absl::OkStatus();
  }
  absl::Status ListConfigVersions(const CallFor&, const control::v1::ListConfigVersionsRequest& request,
                                  control::v1::ListConfigVersionsResponse* out) override {
    const auto found = commands.find(request.name());
    if (found == commands.end()) return absl::OkStatus();
    for (auto it = found->second.rbegin(); it != found->second.rend(); ++it) *out->add_versions() = *it;
    return absl::OkStatus();
  }
  absl::Status PublishConfig(const CallFor& call, const control::v1::PublishConfigRequest& request,
                             control::v1::ConfigItem* out) override {
    published = request;
    gateway::v1::Command command;
    EXPECT_TRUE(request.value().UnpackTo(&command));
    if (command.method().empty()) return FieldsError({{"value.method", "\"\", want a method's name"}});
    *out = Put(request.name(), command, request.validate_only());
    out->set_actor(call.actor);
    return absl::OkStatus();
  }
  absl::Status RollbackConfig(const CallFor& call, const control::v1::RollbackConfigRequest& request,
                              control::v1::ConfigItem* out) override {
    gateway::v1::Command old;
    commands.at(request.name()).at(static_cast<size_t>(request.to_version() - 1)).value().UnpackTo(&old);
    *out = Put(request.name(), old);
    out->set_actor(call.actor);
    return absl::OkStatus();
  }

  control::v1::ConfigItem Put(const std::string& name, const gateway::v1::Command& command, bool only_try = false) {
    auto& versions = commands[name];
    control::v1::ConfigItem item;
    item.set_kind("command");
    item.set_name(name);
    item.set_version(static_cast<int64_t>(versions.size()) + 1);
    item.mutable_value()->PackFrom(command);
    item.set_percentage(100);
    if (!only_try) versions.push_back(item);
    return item;
  }
  static absl::Status NoConfig(const std::string& what) {
    return Error(absl::StatusCode::kNotFound, "CONFIG_NOT_FOUND", "config: " + what + ", want one that exists");
  }

  int64_t epoch = 0;
  std::vector<std::string> changes;
  std::map<std::string, std::vector<control::v1::ConfigItem>> commands;
  control::v1::PublishConfigRequest published;
};

class NoPool : public mysql::Pool {
 public:
  using Body = std::function<absl::Status(mysql::Connection&)>;
  absl::Status Transact(std::string_view, absl::Time, const Body&) override { return absl::UnavailableError("none"); }
  absl::Status Use(std::string_view, absl::Time, const Body&) override { return absl::UnavailableError("none"); }
  absl::Status Ping() override { return absl::UnavailableError("none"); }
};

Person MakePerson(const std::string& name, Role role, std::vector<std::string> products) {
  static const std::string hash = HashPassword("right").value();
  return {name, hash, {"person:" + name, role, std::move(products)}, Sha256(hash)};
}

struct Browser {
  std::string cookie, csrf;
};

// A console's server with people in every role, before stand-ins for all that it asks.
class ConsoleFixture : public testing::Test {
 protected:
  void SetUp() override {
    AddConsoleApi({}, server_, workers_, sessions_, api_, Clock::Real());
    ASSERT_TRUE(server_.Start().ok());
  }

  struct Answer {
    int status;
    std::string cookie;
    json body;
    std::string reason() const {
      for (const json& detail : body.value("details", json::array())) {
        const std::string value = detail.value("value", "");
        for (const char* reason : {"SESSION_REQUIRED", "CSRF_TOKEN_INVALID", "PRODUCT_NOT_FOUND", "ROLE_REQUIRED",
                                   "CREDENTIALS_INVALID", "EPOCH_CONFLICT", "CONFIG_NOT_FOUND", "MESSAGE_NOT_FOUND",
                                   "FIELD_INVALID", "PAGE_TOKEN_INVALID", "ROOM_NOT_FOUND", "ADMISSION_UNAVAILABLE"}) {
          // Base64 of ErrorInfo{reason}: compared at the text's own place in the message (tag and length before it).
          std::string info = std::string("\n") + static_cast<char>(strlen(reason)) + reason;
          info.resize(info.size() / 3 * 3);
          if (value.starts_with(ToBase64Url(info))) return reason;
        }
      }
      return "";
    }
  };

  Answer Call(const std::string& method, const json& body, const Browser& browser = {}, bool send_csrf = true) {
    http::ClientRequest request;
    request.method = "POST";
    request.url = absl::StrCat("http://127.0.0.1:", server_.port(), "/trivium.ops.v1.OpsService/", method);
    request.headers = {{"content-type", "application/json"}};
    if (!browser.cookie.empty()) request.headers.emplace_back("cookie", browser.cookie);
    if (send_csrf && !browser.csrf.empty()) request.headers.emplace_back("x-trivium-csrf", browser.csrf);
    request.body = body.dump();
    const auto response = client_.Send(request);
    EXPECT_TRUE(response.ok()) << response.status();
    Answer answer{response->status, "", json::parse(response->body, nullptr, false)};
    for (const auto& [name, value] : response->headers) {
      if (name == "set-cookie") answer.cookie = value;
    }
    return answer;
  }

  Browser SignIn(const std::string& name) {
    const Answer answer = Call("SignIn", {{"userName", name}, {"password", "right"}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return {answer.cookie.substr(0, answer.cookie.find(';')), answer.body.value("csrfToken", "")};
  }

  Metrics metrics_;
  WorkerPool workers_{"test", 4, 100};
  People people_{{{"owner", MakePerson("owner", Role::kOwner, {"acme"})},
                  {"viewer", MakePerson("viewer", Role::kPlatformViewer, {})},
                  {"admin", MakePerson("admin", Role::kPlatformAdmin, {})}}};
  std::unique_ptr<SessionStore> store_ = NewMemorySessionStore();
  Sessions sessions_{{}, people_, *store_, Clock::Real(), metrics_};
  Boards boards_{{Board{"b", {"板", "B"}, false, {Panel{.id = "p", .unit = "count", .chart = "line", .query = "up"}}}}};
  FakeProducts products_;
  FakePayment payment_;
  FakePush push_;
  FakeLive live_;
  FakeControl control_;
  NoPool pool_;
  Prometheus prometheus_{"http://127.0.0.1:1", Clock::Real(), metrics_};
  OpsApi api_{
      {boards_, products_, prometheus_, payment_, push_, live_, control_, pool_, Clock::Real(), absl::Seconds(2)}};
  http::Client client_;
  http::Server server_{{}, metrics_};
};

}  // namespace trivium::ops
