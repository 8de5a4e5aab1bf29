#include "libs/redis/subscriber.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/log/log.h"
#include "libs/redis/address.h"
#include "libs/redis/client_metrics.h"
#include "libs/redis/connection.h"
#include "libs/redis/errors.h"
#include "libs/redis/reply_reader.h"
#include "libs/redis/subscriptions.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"

namespace trivium::redis {
namespace {

constexpr size_t kMaxAddresses = 100;
constexpr size_t kReadChunk = 16 << 10;
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

// Wakes a poll(2). Thread-safe.
class Wake {
 public:
  Wake() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Wake() { close(fd_); }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  int fd() const { return fd_; }
  void Notify() const {
    const uint64_t one = 1;
    (void)!write(fd_, &one, sizeof(one));
  }
  void Clear() const {
    uint64_t count = 0;
    (void)!read(fd_, &count, sizeof(count));
  }

 private:
  const int fd_;
};

class ThreadSubscriber : public Subscriber {
 public:
  ThreadSubscriber(SubscriberOptions options, std::vector<Address> addresses, SubscriberListener& listener,
                   Clock& clock, Metrics& metrics)
      : options_(std::move(options)),
        addresses_(std::move(addresses)),
        listener_(listener),
        clock_(clock),
        metrics_(metrics),
        messages_(metrics.GetCounter(kSubscriberMessages, {options_.name})),
        lost_(metrics.GetCounter(kSubscriberLost, {options_.name})),
        channels_(metrics.GetGauge(kSubscriberChannels, {options_.name})),
        subscriptions_(options_.max_channels),
        thread_([this] { Run(); }) {}

  ~ThreadSubscriber() override {
    stopping_ = true;
    wake_.Notify();
    thread_.join();
  }

  absl::Status Subscribe(const std::vector<std::string>& channels) override {
    for (const std::string& channel : channels) {
      if (!channel.empty() && channel.size() <= kMaxChannelBytes) continue;
      return FieldsError({{"channel", absl::StrCat(channel.size(), " bytes, want 1-", kMaxChannelBytes)}});
    }
    TRIVIUM_RETURN_IF_ERROR(subscriptions_.Want(channels));
    channels_.Set(static_cast<double>(subscriptions_.size()));
    wake_.Notify();
    return absl::OkStatus();
  }

  void Unsubscribe(const std::vector<std::string>& channels) override {
    subscriptions_.Drop(channels);
    channels_.Set(static_cast<double>(subscriptions_.size()));
    wake_.Notify();
  }

  bool connected() const override { return connected_; }

 private:
  // What is said to the server and heard from it, on one connection.
  struct Session {
    std::unique_ptr<Connection> connection;
    ReplyReader reader{{.bytes = kMaxMessageBytes, .elements = 16}};
    std::string out;       // Not written yet.
    absl::Duration heard;  // When the server last said something.
    std::optional<absl::Duration> pinged;
  };

  void Run();
  std::unique_ptr<Connection> Connect();
  absl::Status CheckCluster(Connection& connection, absl::Duration until) const;
  void Serve(std::unique_ptr<Connection> connection);
  absl::Status Step(Session& session);
  absl::Status Write(Session& session);
  absl::Status Read(Session& session);
  absl::Status KeepAlive(Session& session);
  absl::Status Dispatch(const Reply& reply);
  void Rest(absl::Duration backoff);
  // Waits for the socket's events, a wake-up, or so long. The socket's events.
  short Poll(int fd, short events, absl::Duration at_most);

  const SubscriberOptions options_;
  const std::vector<Address> addresses_;
  SubscriberListener& listener_;
  Clock& clock_;
  Metrics& metrics_;
  Counter& messages_;
  Counter& lost_;
  Gauge& channels_;
  Subscriptions subscriptions_;
  const Wake wake_;
  std::atomic<bool> stopping_{false}, connected_{false};
  size_t next_address_ = 0;  // Of the thread, as random_.
  std::minstd_rand random_{std::random_device{}()};
  std::thread thread_;
};

void ThreadSubscriber::Run() {
  absl::Duration backoff = options_.min_backoff;
  while (!stopping_) {
    std::unique_ptr<Connection> connection = Connect();
    if (connection != nullptr) {
      Serve(std::move(connection));
      backoff = options_.min_backoff;
    }
    Rest(backoff);
    backoff = std::min(backoff * 2, options_.max_backoff);
    ++next_address_;
  }
}

std::unique_ptr<Connection> ThreadSubscriber::Connect() {
  const Address& address = addresses_[next_address_ % addresses_.size()];
  const absl::Duration until = clock_.Monotonic() + options_.connect_timeout;
  auto connection = Connection::Open(address, {options_.user, options_.password}, until, clock_);
  absl::Status status = connection.status();
  if (status.ok() && options_.cluster) status = CheckCluster(**connection, until);
  metrics_.GetCounter(kSubscriberConnects, {options_.name, absl::StatusCodeToString(status.code())}).Add();
  if (status.ok()) return *std::move(connection);
  TRIVIUM_LOG(kWarning, "redis: the subscriber cannot connect", {"node", address.ToString()}, {"error", status});
  return nullptr;
}

// A node that is cut off from the others would hear no message of theirs.
absl::Status ThreadSubscriber::CheckCluster(Connection& connection, absl::Duration until) const {
  TRIVIUM_ASSIGN_OR_RETURN(const Reply reply, connection.Ask({{"CLUSTER", "INFO"}}, until));
  TRIVIUM_ASSIGN_OR_RETURN(const std::string info, reply.Text());
  const bool whole = info.find("cluster_state:ok") != std::string::npos;
  return whole ? absl::OkStatus() : ServerError("CLUSTERDOWN the node does not see its cluster whole");
}

void ThreadSubscriber::Serve(std::unique_ptr<Connection> connection) {
  Session session;
  session.connection = std::move(connection);
  session.heard = clock_.Monotonic();
  subscriptions_.Connected();
  connected_ = true;
  absl::Status status;
  while (!stopping_ && status.ok()) status = Step(session);
  connected_ = false;
  subscriptions_.Disconnected();
  if (stopping_) return;
  TRIVIUM_LOG(kWarning, "redis: the subscriber lost its connection", {"node", session.connection->address().ToString()},
              {"error", status});
  lost_.Add();
  listener_.OnLost();
}

absl::Status ThreadSubscriber::Step(Session& session) {
  if (session.out.empty()) session.out = subscriptions_.Take();
  const short wanted = session.out.empty() ? POLLIN : POLLIN | POLLOUT;
  const absl::Duration silence =
      session.pinged.has_value() ? *session.pinged + options_.ping_timeout : session.heard + options_.ping_interval;
  const short events = Poll(session.connection->socket().fd(), wanted, silence - clock_.Monotonic());
  if (stopping_) return absl::OkStatus();
  if ((events & POLLOUT) != 0) TRIVIUM_RETURN_IF_ERROR(Write(session));
  if ((events & ~POLLOUT) != 0) return Read(session);
  return KeepAlive(session);
}

absl::Status ThreadSubscriber::Write(Session& session) {
  TRIVIUM_ASSIGN_OR_RETURN(const size_t n, session.connection->socket().WriteSome(session.out));
  session.out.erase(0, n);
  return absl::OkStatus();
}

absl::Status ThreadSubscriber::Read(Session& session) {
  std::array<char, kReadChunk> chunk;
  TRIVIUM_ASSIGN_OR_RETURN(const size_t n, session.connection->socket().ReadSome(chunk.data(), chunk.size()));
  session.reader.Feed({chunk.data(), n});
  while (!stopping_) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::optional<Reply> reply, session.reader.Next());
    if (!reply.has_value()) break;
    TRIVIUM_RETURN_IF_ERROR(Dispatch(*reply));
  }
  // After the listener: its slowness is not the server's silence.
  session.heard = clock_.Monotonic();
  session.pinged = std::nullopt;
  return absl::OkStatus();
}

absl::Status ThreadSubscriber::KeepAlive(Session& session) {
  const absl::Duration now = clock_.Monotonic();
  if (session.pinged.has_value()) {
    return now - *session.pinged < options_.ping_timeout ? absl::OkStatus() : absl::UnavailableError("no answer");
  }
  if (now - session.heard < options_.ping_interval) return absl::OkStatus();
  session.out.append(kPing);
  session.pinged = now;
  return absl::OkStatus();
}

// {"message", channel, payload}, {"subscribe", channel, count}; {"unsubscribe", ...} and {"pong", ""} say nothing new.
absl::Status ThreadSubscriber::Dispatch(const Reply& reply) {
  if (!reply.error().empty()) return ServerError(reply.error());
  if (reply.type() == Reply::Type::kString) return absl::OkStatus();  // PONG while there is no subscription.
  TRIVIUM_ASSIGN_OR_RETURN(const std::span<const Reply> fields, reply.Array());
  if (fields.empty()) return reply.Tuple(3).status();
  TRIVIUM_ASSIGN_OR_RETURN(const std::string kind, fields[0].Text());
  if (kind != "message" && kind != "subscribe") return absl::OkStatus();
  if (fields.size() != 3) return reply.Tuple(3).status();
  TRIVIUM_ASSIGN_OR_RETURN(const std::string channel, fields[1].Text());
  if (!subscriptions_.IsWanted(channel)) return absl::OkStatus();
  if (kind == "subscribe") {
    listener_.OnSubscribed(channel);
    return absl::OkStatus();
  }
  TRIVIUM_ASSIGN_OR_RETURN(const std::string payload, fields[2].Text());
  messages_.Add();
  listener_.OnMessage(channel, payload);
  return absl::OkStatus();
}

short ThreadSubscriber::Poll(int fd, short events, absl::Duration at_most) {
  pollfd watched[] = {{wake_.fd(), POLLIN, 0}, {fd, events, 0}};
  if (poll(watched, fd < 0 ? 1 : 2, PollMillis(at_most)) <= 0) return 0;
  if (watched[0].revents != 0) wake_.Clear();
  return watched[1].revents;
}

// Half of it to all of it, so that those who were cut together do not come back together.
void ThreadSubscriber::Rest(absl::Duration backoff) {
  const absl::Duration until = clock_.Monotonic() + backoff * std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  while (!stopping_ && clock_.Monotonic() < until) Poll(-1, 0, until - clock_.Monotonic());
}

absl::Status CheckSubscriberOptions(const SubscriberOptions& options) {
  if (options.addresses.empty() || options.addresses.size() > kMaxAddresses) {
    return FieldsError({{"redis.addresses", absl::StrCat(options.addresses.size(), " addresses, want 1-100")}});
  }
  if (options.max_channels < 1) return FieldsError({{"redis.max_channels", "0, want >= 1"}});
  const std::pair<const char*, absl::Duration> durations[] = {{"redis.connect_timeout", options.connect_timeout},
                                                              {"redis.ping_interval", options.ping_interval},
                                                              {"redis.ping_timeout", options.ping_timeout},
                                                              {"redis.min_backoff", options.min_backoff}};
  for (const auto& [field, value] : durations) {
    if (value < absl::Milliseconds(1)) return FieldsError({{field, absl::FormatDuration(value) + ", want >= 1ms"}});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Subscriber>> NewSubscriber(SubscriberOptions options, SubscriberListener& listener,
                                                          Clock& clock, Metrics& metrics) {
  TRIVIUM_RETURN_IF_ERROR(CheckSubscriberOptions(options));
  std::vector<Address> addresses;
  for (const std::string& text : options.addresses) {
    TRIVIUM_ASSIGN_OR_RETURN(addresses.emplace_back(), ParseAddress(text));
  }
  return std::make_unique<ThreadSubscriber>(std::move(options), std::move(addresses), listener, clock, metrics);
}

}  // namespace trivium::redis
