#include "services/gateway/clients/feed_book.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/view.h"
#include "services/gateway/clients/metrics.h"

namespace trivium::gateway {
namespace {

constexpr absl::Duration kSweepInterval = absl::Milliseconds(500);
constexpr int kReadThreads = 2;
constexpr size_t kReadsTogether = 500;

std::string KeyOf(std::string_view product, std::string_view name) {
  return absl::StrCat(ToAbsl(product), "/", ToAbsl(name));
}

// The place of something that no client sees.
PublicationPtr EmptyPlace(uint64_t offset, const std::string& epoch) {
  auto place = std::make_shared<Publication>();
  place->offset = offset;
  place->epoch = epoch;
  place->bytes = sizeof(Publication);
  place->frame_class = FrameClass::kOrdered;
  return place;
}

fanout::Query ToQuery(const ChannelSlot& slot, const HistoryPlan& plan) {
  fanout::Query query{{slot.product, slot.name}, std::nullopt, plan.limit, plan.newest};
  if (plan.since) query.since = fanout::Position{plan.since->epoch, static_cast<int64_t>(plan.since->offset)};
  return query;
}

HistorySnapshot ToSnapshot(const fanout::History& history, Counter& malformed) {
  HistorySnapshot snapshot{{static_cast<uint64_t>(history.top.offset), history.top.epoch}, {}};
  for (const fanout::Entry& entry : history.entries) {
    const auto offset = static_cast<uint64_t>(entry.offset);
    auto message = DecodeFanout(entry.payload, offset, history.top.epoch, false);
    if (!message.ok()) malformed.Add();
    const bool visible = message.ok() && std::holds_alternative<PublicationPtr>(*message);
    snapshot.publications.push_back(visible ? std::get<PublicationPtr>(*std::move(message))
                                            : EmptyPlace(offset, history.top.epoch));
  }
  const auto& publications = snapshot.publications;
  if (publications.size() > 1 && publications.front()->offset > publications.back()->offset) {
    std::reverse(snapshot.publications.begin(), snapshot.publications.end());
  }
  return snapshot;
}

absl::Status RedisAway() {
  return Error(absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE", "the channel cannot be read now, try again");
}

}  // namespace

ChannelSlot::ChannelSlot(std::string product, std::string name, protocol::ChannelKind kind, FeedLimits limits,
                         int reactors, ProductMeters& meters)
    : product(std::move(product)),
      name(std::move(name)),
      key(KeyOf(this->product, this->name)),
      kind(kind),
      meters(meters),
      feed_(limits),
      members_by_reactor_(static_cast<size_t>(reactors)) {}

FeedBook::FeedBook(FeedBookOptions options, Floor& floor, fanout::HistoryReader& reader, DeliveryCounts& counts,
                   AllProductMeters& meters, Clock& clock, Metrics& metrics)
    : options_(options),
      floor_(floor),
      counts_(counts),
      meters_(meters),
      clock_(clock),
      metrics_(metrics),
      malformed_(metrics.GetCounter(kMalformedPublications)),
      loader_({.threads = kReadThreads, .queue_max = options.queue_max, .batch_max = kReadsTogether}, clock,
              [&reader, &clock, timeout = options.redis_timeout](std::span<const fanout::Query> queries) {
                return reader.Read(queries, clock.Now() + timeout);
              }) {}

FeedBook::~FeedBook() { Stop(); }

absl::Status FeedBook::Start(redis::SubscriberOptions options) {
  options.max_channels = options_.channels_max;
  TRIVIUM_ASSIGN_OR_RETURN(receiver_, fanout::NewReceiver(std::move(options), *this, clock_, metrics_));
  sweeper_ = std::thread([this] { RunSweeps(); });
  return absl::OkStatus();
}

void FeedBook::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (sweeper_.joinable()) sweeper_.join();
  receiver_.reset();
  loader_.Stop();
}

bool FeedBook::connected() const { return receiver_ != nullptr && receiver_->connected(); }

size_t FeedBook::channels() const {
  MutexLock lock(mu_);
  return slots_.size();
}

absl::StatusOr<SlotPtr> FeedBook::Enter(const std::string& product, const std::string& name, int reactor, int form,
                                        bool returns) {
  const auto parsed = protocol::ParseChannelName(name);
  if (!parsed) return absl::InvalidArgumentError("channel: want room:<id>, user:<uid> or product");
  MutexLock lock(mu_);
  if (stopping_) return RedisAway();
  SlotPtr& slot = slots_[KeyOf(product, name)];
  if (slot == nullptr) {
    auto made = std::make_shared<ChannelSlot>(product, name, parsed->kind, options_.feed, options_.reactors,
                                              meters_.Of(product));
    if (returns) ExpectReturn(*made);
    const absl::Status status = slots_.size() > options_.channels_max
                                    ? Error(absl::StatusCode::kResourceExhausted, "REDIS_CHANNELS_FULL",
                                            absl::StrCat("channels: want at most ", options_.channels_max))
                                    : receiver_->Subscribe({{product, name}});
    if (!status.ok()) {
      slots_.erase(KeyOf(product, name));
      return status;
    }
    MutexLock slot_lock(made->mu_);
    // Apart from each other, so that checks are not all due at once.
    const double part = static_cast<double>(absl::Hash<std::string>()(made->key) % 1000) / 1000;
    made->checked_ = clock_.Monotonic() - options_.check_interval * part;
    slot = made;
  }
  MutexLock slot_lock(slot->mu_);
  ++slot->members_;
  ++slot->members_by_reactor_[static_cast<size_t>(reactor)];
  ++slot->members_by_form_[static_cast<size_t>(form)];
  slot->meters.subscriptions[static_cast<size_t>(slot->kind)]->Add(1);
  return slot;
}

// Before it is subscribed to, since the first reading follows at once.
void FeedBook::ExpectReturn(ChannelSlot& slot) {
  MutexLock lock(slot.mu_);
  slot.feed_.ExpectReturn();
}

void FeedBook::Leave(const SlotPtr& slot, int reactor, int form) {
  MutexLock lock(slot->mu_);
  --slot->members_by_reactor_[static_cast<size_t>(reactor)];
  --slot->members_by_form_[static_cast<size_t>(form)];
  if (--slot->members_ == 0) slot->empty_since_ = clock_.Monotonic();
  slot->meters.subscriptions[static_cast<size_t>(slot->kind)]->Add(-1);
}

std::optional<protocol::JoinedChannel> FeedBook::Join(const SlotPtr& slot, WaitingJoin join) {
  After after = After::kNothing;
  std::optional<protocol::JoinedChannel> joined;
  {
    MutexLock lock(slot->mu_);
    joined = slot->feed_.Join(join.from, NowMs());
    if (join.from && slot->feed_.NoticeForeignEpoch(*join.from)) after = After::kRestore;
    if (!joined) {
      join.since = clock_.Monotonic();
      slot->waiting_.push_back(std::move(join));
      Read(slot);
    }
  }
  metrics_.GetCounter(kJoinsServed, {joined ? "memory" : "redis"}).Add();
  Do(slot, after);
  return joined;
}

std::vector<Id> FeedBook::ReliableIds(const SlotPtr& slot, const std::string& epoch, uint64_t after, uint64_t* through,
                                      size_t max) {
  MutexLock lock(slot->mu_);
  if (!epoch.empty() && epoch != slot->feed_.top().epoch) return {};
  return slot->feed_.ReliableIds(after, through, max);
}

std::vector<PublicationPtr> FeedBook::NotCameAfter(const SlotPtr& slot, uint64_t offset,
                                                   std::vector<PublicationPtr> some) {
  MutexLock lock(slot->mu_);
  std::vector<PublicationPtr> rest;
  for (PublicationPtr& publication : some) {
    if (!slot->feed_.CameAfter(publication->message_id, offset)) rest.push_back(std::move(publication));
  }
  return rest;
}

bool FeedBook::ReadHistory(fanout::Query query, absl::AnyInvocable<void(absl::StatusOr<fanout::History>)> done) {
  metrics_.GetCounter(kHistoryReads, {"client"}).Add();
  if (loader_.Submit(std::move(query), std::move(done))) return true;
  metrics_.GetCounter(kWorkRefused, {"history"}).Add();
  return false;
}

SlotPtr FeedBook::Find(fanout::ChannelView channel) {
  MutexLock lock(mu_);
  const auto found = slots_.find(KeyOf(channel.product, channel.name));
  return found == slots_.end() ? nullptr : found->second;
}

std::vector<SlotPtr> FeedBook::All() {
  MutexLock lock(mu_);
  std::vector<SlotPtr> all;
  all.reserve(slots_.size());
  for (const auto& [key, slot] : slots_) all.push_back(slot);
  return all;
}

void FeedBook::OnEnvelope(fanout::ChannelView channel, const fanout::Envelope& envelope) {
  const SlotPtr slot = Find(channel);
  if (slot == nullptr) return;
  auto message = DecodeFanout(envelope.payload, static_cast<uint64_t>(envelope.offset), envelope.epoch,
                              envelope.kind == fanout::Kind::kRestored);
  if (!message.ok()) {
    malformed_.Add();
    TRIVIUM_LOG(kWarning, "a payload in Redis is no message", {"product", slot->product}, {"error", message.status()});
    // Its place is one all the same.
    if (envelope.offset == 0) return;
    message = EmptyPlace(static_cast<uint64_t>(envelope.offset), std::string(envelope.epoch));
  }
  Hear(slot, *std::move(message));
}

void FeedBook::Hear(const SlotPtr& slot, FanoutMessage message) {
  After after = After::kNothing;
  {
    MutexLock lock(slot->mu_);
    slot->checked_ = clock_.Monotonic();
    if (auto* publication = std::get_if<PublicationPtr>(&message)) {
      if ((*publication)->body != nullptr) slot->meters.publications[ClassIndex(**publication)]->Add();
      after = Apply(slot, slot->feed_.OnPublication(std::move(*publication)));
    }
    if (const auto* order = std::get_if<LeaveRoomOrder>(&message)) floor_.Forget(slot, *order);
    for (int reactor = 0; reactor < options_.reactors; ++reactor) {
      if (slot->members_by_reactor_[static_cast<size_t>(reactor)] == 0) continue;
      if (const auto* order = std::get_if<DisconnectOrder>(&message)) floor_.Obey(reactor, slot, *order);
      if (const auto* order = std::get_if<LeaveRoomOrder>(&message)) floor_.Obey(reactor, slot, *order);
    }
  }
  Do(slot, after);
}

void FeedBook::OnSubscribed(fanout::ChannelView channel) {
  const SlotPtr slot = Find(channel);
  if (slot == nullptr) return;
  MutexLock lock(slot->mu_);
  slot->feed_.OnSubscribed();
  Read(slot);
}

void FeedBook::OnLost() {
  for (const SlotPtr& slot : All()) {
    MutexLock lock(slot->mu_);
    slot->feed_.OnLost();
  }
}

FeedBook::After FeedBook::Apply(const SlotPtr& slot, Feed::Effects effects) {
  for (int reactor = 0; effects.lost && reactor < options_.reactors; ++reactor) {
    if (slot->members_by_reactor_[static_cast<size_t>(reactor)] > 0) floor_.Lose(reactor, slot);
  }
  for (PublicationPtr& publication : effects.deliver) Deliver(slot, std::move(publication));
  if (effects.answer) AnswerWaiting(slot);
  Read(slot);
  CountBytes(*slot);
  return effects.restore ? After::kRestore : After::kNothing;
}

void FeedBook::Deliver(const SlotPtr& slot, PublicationPtr publication) {
  if (slot->members_ == 0) return;
  auto live = std::make_shared<LivePublication>();
  live->slot = slot;
  live->entry = publication->EntryAt(NowMs());
  std::array<bool, kForms> wanted{};
  for (size_t form = 0; form < wanted.size(); ++form) wanted[form] = slot->members_by_form_[form] > 0;
  const bool visible = live->entry.publication != nullptr;
  // A place's arrival alone says which of two LOSSY messages is newer; expired ones go nowhere.
  if (!visible && publication->offset == 0) return;
  const bool counted = visible && publication->frame_class != FrameClass::kReliable;
  if (counted) live->tag = counts_.NewTag();
  if (visible) live->frames = EncodeFrames(slot->name, *publication, wanted, live->tag);
  if (counted) counts_.Open(live->tag, slot->product, publication->message_id, live->frames);
  live->publication = std::move(publication);
  for (int reactor = 0; reactor < options_.reactors; ++reactor) {
    if (slot->members_by_reactor_[static_cast<size_t>(reactor)] > 0) floor_.Deliver(reactor, live);
  }
}

void FeedBook::AnswerWaiting(const SlotPtr& slot) {
  std::vector<WaitingJoin> waiting = std::exchange(slot->waiting_, {});
  for (WaitingJoin& join : waiting) {
    auto joined = slot->feed_.Join(join.from, NowMs());
    if (joined) {
      floor_.Joined(join, slot, *std::move(joined));
    } else {
      slot->waiting_.push_back(std::move(join));
    }
  }
  slot->feed_.Trim();
}

void FeedBook::FailWaiting(const SlotPtr& slot, const absl::Status& status) {
  for (const WaitingJoin& join : std::exchange(slot->waiting_, {})) floor_.Joined(join, slot, status);
}

// Begins the reading that the feed wants, if it wants one.
void FeedBook::Read(const SlotPtr& slot) {
  const auto plan = slot->feed_.TakePlan();
  if (!plan) return;
  metrics_.GetCounter(kHistoryReads, {WhyName(plan->why)}).Add();
  const bool taken = loader_.Submit(ToQuery(*slot, *plan),
                                    [this, slot, number = plan->number](absl::StatusOr<fanout::History> history) {
                                      OnHistory(slot, number, std::move(history));
                                    });
  if (taken) return;
  metrics_.GetCounter(kWorkRefused, {"history"}).Add();
  slot->feed_.OnReadFailed(plan->number);
  FailWaiting(slot, RedisAway());
}

void FeedBook::OnHistory(const SlotPtr& slot, uint64_t number, absl::StatusOr<fanout::History> history) {
  HistorySnapshot snapshot;
  if (history.ok()) snapshot = ToSnapshot(*history, malformed_);
  After after = After::kNothing;
  {
    MutexLock lock(slot->mu_);
    if (history.ok()) {
      slot->checked_ = clock_.Monotonic();
      after = Apply(slot, slot->feed_.OnHistory(number, std::move(snapshot)));
    } else if (slot->feed_.OnReadFailed(number)) {
      // The next sweep reads again; clients come back by themselves.
      FailWaiting(slot, RedisAway());
    }
  }
  Do(slot, after);
}

void FeedBook::Do(const SlotPtr& slot, After after) {
  if (after != After::kRestore) return;
  floor_.Restore(slot, [this, slot](const absl::Status& status) {
    if (!status.ok()) {
      TRIVIUM_LOG(kWarning, "a channel's history was not restored", {"product", slot->product}, {"error", status});
      return;
    }
    MutexLock lock(slot->mu_);
    slot->feed_.WantCatchUp();
    Read(slot);
  });
}

void FeedBook::CountBytes(ChannelSlot& slot) {
  const size_t now = slot.dropped_ ? 0 : slot.feed_.ring_bytes();
  ring_bytes_ += static_cast<int64_t>(now) - static_cast<int64_t>(slot.counted_bytes_);
  slot.counted_bytes_ = now;
}

void FeedBook::RunSweeps() {
  for (;;) {
    {
      MutexLock lock(mu_);
      if (!stopping_) wake_.WaitFor(mu_, kSweepInterval);
      if (stopping_) return;
    }
    Sweep();
  }
}

void FeedBook::Sweep() {
  DropEmpty();
  const bool trim = ring_bytes_ > static_cast<int64_t>(options_.all_rings_bytes_max);
  for (const SlotPtr& slot : All()) Inspect(slot, trim);
  metrics_.GetGauge(kChannels).Set(static_cast<double>(channels()));
}

void FeedBook::Inspect(const SlotPtr& slot, bool trim) {
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(slot->mu_);
  if (trim) {
    slot->feed_.Trim(true);
    CountBytes(*slot);
  }
  if (now - slot->checked_ >= options_.check_interval) {
    slot->checked_ = now;
    slot->feed_.WantCheck();
  }
  Read(slot);
  // Oldest first: they are answered all together.
  const bool overdue = !slot->waiting_.empty() && now - slot->waiting_.front().since > 2 * options_.redis_timeout;
  if (overdue) FailWaiting(slot, RedisAway());
}

// Channels whose last member left longer ago than the grace.
void FeedBook::DropEmpty() {
  const absl::Duration now = clock_.Monotonic();
  std::vector<fanout::Channel> dropped;
  MutexLock lock(mu_);
  for (auto at = slots_.begin(); at != slots_.end();) {
    ChannelSlot& slot = *at->second;
    bool empty = false;
    {
      MutexLock slot_lock(slot.mu_);
      empty = slot.members_ == 0 && now - slot.empty_since_ >= options_.grace;
      slot.dropped_ = empty;
      CountBytes(slot);
    }
    if (empty) dropped.push_back({slot.product, slot.name});
    if (empty) {
      slots_.erase(at++);
    } else {
      ++at;
    }
  }
  // Under the lock: a member that comes now subscribes after it.
  if (!dropped.empty()) receiver_->Unsubscribe(dropped);
}

}  // namespace trivium::gateway
