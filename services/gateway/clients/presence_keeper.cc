#include "services/gateway/clients/presence_keeper.h"

#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "services/gateway/clients/metrics.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::gateway {
namespace {

constexpr size_t kKeptMax = 1000;
constexpr int kReaders = 2;

std::string KeyOf(const fanout::Channel& channel) { return absl::StrCat(channel.product, "/", channel.name); }

}  // namespace

PresenceKeeper::PresenceKeeper(PresenceOptions options, fanout::Presence& presence, Clock& clock, Metrics& metrics)
    : options_(options),
      presence_(presence),
      clock_(clock),
      metrics_(metrics),
      readers_("presence", kReaders, options.queue_max),
      writer_([this] { Run(); }) {}

PresenceKeeper::~PresenceKeeper() { Stop(); }

void PresenceKeeper::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (writer_.joinable()) writer_.join();
  readers_.Stop();
}

void PresenceKeeper::Refresh(const std::string& product, const std::string& channel, fanout::Connection connection) {
  Push({{product, channel}, std::move(connection), true});
}

void PresenceKeeper::Remove(const std::string& product, const std::string& channel, const std::string& connection_id) {
  Push({{product, channel}, {connection_id, "", ""}, false});
}

void PresenceKeeper::Push(Change change) {
  MutexLock lock(mu_);
  if (stopping_ || queue_.size() >= options_.queue_max) {
    metrics_.GetCounter(kWorkRefused, {"presence"}).Add();
    return;
  }
  queue_.push_back(std::move(change));
  if (queue_.size() == 1) wake_.NotifyOne();
}

void PresenceKeeper::Run() {
  for (;;) {
    std::vector<Change> changes;
    {
      MutexLock lock(mu_);
      while (queue_.empty() && !stopping_) wake_.Wait(mu_);
      if (queue_.empty()) return;
      changes = std::exchange(queue_, {});
    }
    Write(std::move(changes));
  }
}

// Of one entry's changes the last counts; the rest may then go in any order.
void PresenceKeeper::Write(std::vector<Change> changes) {
  absl::flat_hash_map<std::string, size_t> last;
  for (size_t i = 0; i < changes.size(); ++i) {
    last[absl::StrCat(KeyOf(changes[i].channel), " ", changes[i].connection.id)] = i;
  }
  std::vector<fanout::PresentConnection> present;
  std::vector<fanout::AbsentConnection> absent;
  for (const auto& [key, i] : last) {
    Change& change = changes[i];
    if (change.present) {
      present.push_back({std::move(change.channel), std::move(change.connection), options_.ttl});
    } else {
      absent.push_back({std::move(change.channel), std::move(change.connection.id)});
    }
  }
  absl::Status failed;
  const auto note = [&](const std::vector<absl::Status>& statuses) {
    for (const absl::Status& status : statuses) failed.Update(status);
  };
  for (size_t i = 0; i < present.size(); i += fanout::kMaxPresenceBatch) {
    note(presence_.Refresh(std::span(present).subspan(i, std::min(fanout::kMaxPresenceBatch, present.size() - i)),
                           clock_.Now() + options_.redis_timeout));
  }
  for (size_t i = 0; i < absent.size(); i += fanout::kMaxPresenceBatch) {
    note(presence_.Remove(std::span(absent).subspan(i, std::min(fanout::kMaxPresenceBatch, absent.size() - i)),
                          clock_.Now() + options_.redis_timeout));
  }
  if (!failed.ok()) TRIVIUM_LOG(kWarning, "presence was not written", {"error", failed});
}

PresenceKeeper::ListPtr PresenceKeeper::FindKept(const std::string& key) {
  MutexLock lock(mu_);
  const auto found = kept_.find(key);
  return found == kept_.end() || clock_.Monotonic() >= found->second.until ? nullptr : found->second.list;
}

void PresenceKeeper::List(const std::string& product, const std::string& channel,
                          absl::AnyInvocable<void(absl::StatusOr<ListPtr>)> done) {
  fanout::Channel of{product, channel};
  if (ListPtr kept = FindKept(KeyOf(of))) return done(std::move(kept));
  auto shared = std::make_shared<absl::AnyInvocable<void(absl::StatusOr<ListPtr>)>>(std::move(done));
  const bool taken = readers_.Submit([this, of = std::move(of), shared] {
    const std::string key = KeyOf(of);
    // Another asked meanwhile.
    if (ListPtr kept = FindKept(key)) return (*shared)(std::move(kept));
    auto list = presence_.List(of, fanout::kMaxPresenceListed, clock_.Now() + options_.redis_timeout);
    if (!list.ok()) return (*shared)(list.status());
    ListPtr made = std::make_shared<const fanout::PresenceList>(*std::move(list));
    {
      MutexLock lock(mu_);
      if (kept_.size() >= kKeptMax) kept_.clear();
      kept_[key] = {made, clock_.Monotonic() + options_.list_kept};
    }
    (*shared)(std::move(made));
  });
  if (taken) return;
  metrics_.GetCounter(kWorkRefused, {"presence"}).Add();
  (*shared)(Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "presence: too many ask, try again").ToStatus());
}

std::string PresenceInfo(const fanout::Connection& connection, const std::string& device_id,
                         const std::string& platform, absl::Time connect_time) {
  push::v1::Connection info;
  info.set_connection_id(connection.id);
  info.set_user_id(connection.user);
  info.set_device_id(device_id);
  info.set_platform(platform);
  info.mutable_connect_time()->set_seconds(absl::ToUnixSeconds(connect_time));
  return info.SerializeAsString();
}

std::string PlatformOf(const std::string& info) {
  push::v1::Connection connection;
  return connection.ParseFromString(info) ? connection.platform() : "";
}

}  // namespace trivium::gateway
