#include "examples/school-day/student_client.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"

namespace trivium::schoolday {
namespace {

constexpr size_t kIdsOfOneAck = 100;
constexpr size_t kComplaintsMax = 5;

client::ConnectionOptions OptionsOf(const Attendant& plan, const Campus& campus, uint64_t seed) {
  client::ConnectionOptions options;
  options.address = campus.gateway;
  options.session.form = plan.json ? client::Form::kJson : client::Form::kProtobuf;
  options.session.data = absl::StrCat(R"({"platform":"pc","app_version":"1.0","device_id":")", plan.student_id, "\"}");
  options.session.acknowledges =
      plan.attendance != Attendance::kNegligent && plan.attendance != Attendance::kAcksByPosition;
  options.token = [&campus, user_id = plan.student_id] { return SignToken(campus, user_id); };
  options.reconnect_min = absl::Milliseconds(200);
  options.reconnect_max = absl::Seconds(3);
  options.seed = seed;
  return options;
}

}  // namespace

std::string SignToken(const Campus& campus, const std::string& user_id) {
  jwt::Claims claims;
  claims.subject = user_id;
  claims.product = campus.product;
  claims.issued = absl::Now();
  claims.expires = absl::Now() + absl::Hours(24);
  const auto token = campus.signer->Sign(claims);
  return token.ok() ? *token : "";
}

StudentClient::StudentClient(Attendant plan, const Campus& campus, uint64_t seed, client::Loop& loop)
    : plan_(std::move(plan)), campus_(campus), connection_(OptionsOf(plan_, campus, seed), loop, *this) {
  MutexLock lock(mu_);
  record_.plan = plan_;
}

void StudentClient::Arrive() {
  for (const std::string& room : plan_.rooms) connection_.Subscribe("room:" + room);
  connection_.Open();
}

void StudentClient::Probe(const std::string& user_id, const std::string& room) {
  {
    MutexLock lock(mu_);
    forbidden_ = "user:" + user_id;
    optional_.insert("room:" + room);
  }
  connection_.Subscribe("user:" + user_id);
  connection_.Subscribe("room:" + room);
}

void StudentClient::StartAnew(absl::Duration away) {
  connection_.SetAcknowledges(true);
  connection_.StartAnew(away);
}

void StudentClient::AckPositions() {
  std::vector<std::string> calls;
  {
    MutexLock lock(mu_);
    for (const auto& [channel, position] : positions_) {
      calls.push_back(
          nlohmann::json({{"channel", channel}, {"epoch", position.first}, {"offset", position.second}}).dump());
    }
    for (size_t i = 0; i < repeats_.size(); i += kIdsOfOneAck) {
      const size_t end = std::min(repeats_.size(), i + kIdsOfOneAck);
      calls.push_back(absl::StrCat("{\"message_ids\":[\"",
                                   absl::StrJoin(repeats_.begin() + static_cast<ptrdiff_t>(i),
                                                 repeats_.begin() + static_cast<ptrdiff_t>(end), "\",\""),
                                   "\"]}"));
    }
    positions_.clear();
    repeats_.clear();
  }
  // What is not answered comes again, as a repeat.
  for (const std::string& call : calls) connection_.Call("push.ack", call, [](const auto&) {});
}

StudentRecord StudentClient::Record() const {
  MutexLock lock(mu_);
  StudentRecord record = record_;
  record.connects = connection_.connects();
  record.acked = connection_.acked();
  if (!forbidden_.empty()) {
    record.complaints.push_back(absl::StrCat("isolation: ", plan_.student_id, " was not refused ", forbidden_));
  }
  return record;
}

void StudentClient::OnJoined(const client::Joined& joined) {
  MutexLock lock(mu_);
  ClientEvent event{ClientEvent::Kind::kJoined, joined.channel, absl::ToUnixMillis(absl::Now())};
  event.offset = joined.offset;
  event.was_recovering = joined.was_recovering;
  event.recovered = joined.recovered;
  record_.events.push_back(std::move(event));
  if (joined.was_recovering) ++(joined.recovered ? record_.recovered : record_.unrecovered);
  if (joined.channel == forbidden_) Complain("may join " + forbidden_);
}

void StudentClient::OnMessage(const client::Message& message) {
  MutexLock lock(mu_);
  ClientEvent event{ClientEvent::Kind::kMessage, message.channel, absl::ToUnixMillis(absl::Now())};
  event.message_id = message.id;
  event.message_class = message.message_class;
  event.offset = message.offset;
  event.seen = message.seen;
  record_.repeats += message.seen ? 1 : 0;
  if (message.id.empty() || message.message_class.empty()) Complain("got a message without id and class");
  if (message.message_class == "RELIABLE") {
    if (message.offset > 0) positions_[message.channel] = {message.epoch, message.offset};
    if (message.offset == 0) repeats_.push_back(message.id);
  }
  ReadData(message, event);
  record_.events.push_back(std::move(event));
}

void StudentClient::ReadData(const client::Message& message, ClientEvent& event) {
  if (message.channel.starts_with("room:room_")) event.text = message.data;
  const auto data = nlohmann::json::parse(message.data, nullptr, /*allow_exceptions=*/false);
  // Other programs publish, too.
  if (!data.is_object() || !data.contains("product") || !data.contains("run")) return;
  const std::string product = data.value("product", "");
  if (product != campus_.product) {
    return Complain(absl::StrCat("isolation: got ", message.id, " of ", product, " through ", message.channel));
  }
  if (data.value("run", "") != campus_.run_id) return;
  event.number = data.value("n", 0);
  event.class_number = data.value("class", 0);
  if (event.number == 0) return;
  const int64_t begin_ms = data.value("t", int64_t{0});
  if (plan_.attendance == Attendance::kStays && !message.seen && begin_ms > 0) {
    record_.latency_ms.push_back(static_cast<float>(event.time_ms - begin_ms));
  }
}

void StudentClient::OnLeft(const std::string& channel, uint32_t code, bool again) {
  MutexLock lock(mu_);
  if (channel == forbidden_ && code == 103) return forbidden_.clear();
  if (!again && !optional_.contains(channel)) Complain(absl::StrCat("was put out of ", channel, " with code ", code));
}

void StudentClient::OnDisconnected(uint32_t code, const std::string& reason) {
  MutexLock lock(mu_);
  record_.events.push_back({ClientEvent::Kind::kLost, "", absl::ToUnixMillis(absl::Now())});
  if (!client::MayReconnect(code)) Complain(absl::StrCat("was disconnected for ever: ", code, " ", reason));
}

void StudentClient::Complain(const std::string& sentence) {
  if (record_.complaints.size() < kComplaintsMax) {
    record_.complaints.push_back(absl::StrCat(plan_.student_id, " ", sentence));
  }
}

}  // namespace trivium::schoolday
