#include "tests/load/fleet.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/jwt/signer.h"
#include "libs/status/status.h"

namespace trivium::load {
namespace {

constexpr size_t kConnectsAtATime = 400;
constexpr int kSmallBuffer = 16 << 10;

absl::StatusOr<std::shared_ptr<const jwt::Signer>> ReadSigner(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read; --token_key names the product's key"));
  std::stringstream pem;
  pem << file.rdbuf();
  TRIVIUM_ASSIGN_OR_RETURN(jwt::Signer signer, jwt::Signer::FromPem(pem.str(), "dev-1"));
  return std::make_shared<const jwt::Signer>(std::move(signer));
}

std::string TokenOf(const jwt::Signer& signer, const std::string& product, const std::string& user) {
  jwt::Claims claims;
  claims.subject = user;
  claims.product = product;
  claims.expires = absl::Now() + absl::Hours(12);
  const auto token = signer.Sign(claims);
  return token.ok() ? *token : "";
}

}  // namespace

int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t TimeIn(std::string_view data) {
  const size_t at = data.find("\"t\":");
  if (at == std::string_view::npos) return -1;
  int64_t value = -1;
  std::from_chars(data.data() + at + 4, data.data() + data.size(), value);
  return value;
}

int CountMessagesOf(std::string_view frame) {
  int count = 0;
  size_t at = 0;
  while (at < frame.size()) {
    uint64_t length = 0;
    for (int shift = 0; at < frame.size(); shift += 7) {
      const auto byte = static_cast<uint8_t>(frame[at++]);
      length |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80 || shift > 56) break;
    }
    count += length > 0 ? 1 : 0;
    at += length;
  }
  return count;
}

void Client::OnJoined(const client::Joined& j) {
  if (j.was_recovering && !j.server_side) ++(j.recovered ? recovered : unrecovered);
  if (!j.server_side) joined = true;
}

void Client::OnMessage(const client::Message& message) {
  messages.fetch_add(1, std::memory_order_relaxed);
  if (samples_) NoteAge(message.data);
}

void Client::OnDisconnected(uint32_t code, const std::string&) {
  joined = false;
  if (code != 0) last_code = code;
}

void Client::OnFrame(std::string_view frame) {
  messages.fetch_add(CountMessagesOf(frame), std::memory_order_relaxed);
  if (!samples_) return;
  while (true) {
    const size_t at = frame.find("\"t\":");
    if (at == std::string_view::npos) return;
    NoteAge(frame.substr(at));
    frame.remove_prefix(at + 4);
  }
}

void Client::NoteAge(std::string_view data) {
  const int64_t then = TimeIn(data);
  if (then > 0) ages_ms.push_back(static_cast<float>(NowMicros() - then) / 1000);
}

absl::StatusOr<std::unique_ptr<Fleet>> Fleet::Create(const GatewayFlags& flags, const FleetOptions& o) {
  std::unique_ptr<Fleet> fleet(new Fleet());
  TRIVIUM_ASSIGN_OR_RETURN(fleet->signer_, ReadSigner(flags.token_key));
  for (int i = 0; i < o.loops; ++i) {
    TRIVIUM_ASSIGN_OR_RETURN(std::unique_ptr<client::Loop> loop, client::Loop::Start({absl::ToChronoMicroseconds(o.gather)}));
    fleet->loops_.push_back(std::move(loop));
  }
  for (int i = 0; i < o.connections; ++i) {
    client::ConnectionOptions options;
    options.address = flags.gateway;
    options.session.form = o.form;
    options.session.data = R"({"platform":"load"})";
    options.token = [signer = fleet->signer_, product = flags.product, user = UserOf(static_cast<size_t>(i))] {
      return TokenOf(*signer, product, user);
    };
    options.reconnect_min = absl::Milliseconds(200);
    options.reconnect_max = o.reconnect_max;
    options.receive_buffer = static_cast<size_t>(i) < o.small_buffers ? kSmallBuffer : 0;
    options.seed = static_cast<uint64_t>(i + 1) * 0x9e3779b97f4a7c15u;
    fleet->clients_.push_back(std::make_unique<Client>(i % o.samples_of == 0));
    fleet->connections_.push_back(std::make_unique<client::Connection>(
        options, *fleet->loops_[i % fleet->loops_.size()], *fleet->clients_.back()));
    if (!o.room.empty()) fleet->connections_.back()->Subscribe("room:" + o.room);
    // Without a room, a connection counts when it stands.
    if (o.room.empty()) fleet->clients_.back()->joined = true;
  }
  return fleet;
}

Fleet::~Fleet() {
  // Connections end in their loops' threads.
  connections_.clear();
  loops_.clear();
}

absl::Status Fleet::Open(absl::Duration patience) {
  const absl::Time give_up = absl::Now() + patience;
  size_t opened = 0;
  while (CountJoined() < size()) {
    while (opened < size() && opened < CountJoined() + kConnectsAtATime) connections_[opened++]->Open();
    if (absl::Now() > give_up) {
      return absl::UnavailableError(absl::StrCat("connections: ", CountJoined(), " of ", size(), " came in within ",
                                                 absl::FormatDuration(patience), "; last close code ",
                                                 clients_[CountJoined() % size()]->last_code.load()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return absl::OkStatus();
}

void Fleet::Tap(bool on) {
  for (size_t i = 0; i < size(); ++i) {
    Client* client = clients_[i].get();
    connections_[i]->SetTap(on ? [client](std::string_view frame) { client->OnFrame(frame); }
                               : std::function<void(std::string_view)>());
  }
}

void Fleet::Barrier() {
  for (const auto& loop : loops_) loop->Run([] {});
}

void Fleet::Reset() {
  for (size_t l = 0; l < loops_.size(); ++l) {
    loops_[l]->Run([&] {
      for (size_t i = l; i < size(); i += loops_.size()) {
        clients_[i]->messages = 0;
        clients_[i]->ages_ms.clear();
      }
    });
  }
}

std::string Fleet::UserOf(size_t connection) { return absl::StrCat("load-", connection / kConnectionsOfAUser); }

std::string Fleet::TokenOfUser(const std::string& product, const std::string& user) const {
  return TokenOf(*signer_, product, user);
}

size_t Fleet::CountJoined() const {
  size_t count = 0;
  for (size_t i = 0; i < size(); ++i) count += connections_[i]->connected() && clients_[i]->joined ? 1 : 0;
  return count;
}

int64_t Fleet::CountMessages(size_t from) const {
  int64_t sum = 0;
  for (size_t i = from; i < size(); ++i) sum += clients_[i]->messages.load(std::memory_order_relaxed);
  return sum;
}

std::vector<float> Fleet::AgesOf(size_t from, size_t to) {
  std::vector<float> ages;
  for (size_t l = 0; l < loops_.size(); ++l) {
    loops_[l]->Run([&] {
      for (size_t i = l; i < size(); i += loops_.size()) {
        if (i < from || i >= to) continue;
        ages.insert(ages.end(), clients_[i]->ages_ms.begin(), clients_[i]->ages_ms.end());
      }
    });
  }
  return ages;
}

}  // namespace trivium::load
