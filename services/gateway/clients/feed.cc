#include "services/gateway/clients/feed.h"

#include <algorithm>

namespace trivium::gateway {
namespace {

// Readings in a row that may leave a gap open before the members are told of it.
constexpr int kMaxGapReads = 2;
// More than anybody can recover, so that an answer that was cut shows.
constexpr int kWholeLimit = static_cast<int>(protocol::kMaxRecovered) + 1;
constexpr int kCatchUpLimit = 1000;

constexpr const char* kWhyNames[] = {"first", "older", "lost", "gap", "check"};

// Whether a position may be compared with the channel's; the rule of protocol::Recover.
bool SameEpoch(const protocol::Position& from, const protocol::Position& top) {
  return from.epoch == top.epoch || (from.epoch.empty() && from.offset == 0);
}

// Leaves the last places of publications that follow one another and end at top.
void KeepTail(const protocol::Position& top, std::vector<PublicationPtr>* publications) {
  if (publications->empty() || publications->back()->offset != top.offset) return publications->clear();
  size_t first = publications->size() - 1;
  while (first > 0 && (*publications)[first - 1]->offset + 1 == (*publications)[first]->offset) --first;
  publications->erase(publications->begin(), publications->begin() + static_cast<ptrdiff_t>(first));
}

}  // namespace

const char* WhyName(HistoryPlan::Why why) { return kWhyNames[static_cast<int>(why)]; }

void Feed::OnSubscribed() {
  subscribed_ = true;
  reading_ = 0;  // What is being read may be older than what was missed.
  LoseTrack(ever_known_ ? HistoryPlan::Why::kLost : HistoryPlan::Why::kFirst);
}

void Feed::OnLost() {
  subscribed_ = false;
  reading_ = 0;
  LoseTrack(ever_known_ ? HistoryPlan::Why::kLost : HistoryPlan::Why::kFirst);
}

void Feed::LoseTrack(HistoryPlan::Why why) {
  known_ = false;
  why_ = why;
  gap_reads_ = 0;
}

Feed::Effects Feed::OnPublication(PublicationPtr publication) {
  Effects effects;
  if (publication->offset == 0) {
    effects.deliver.push_back(std::move(publication));
  } else if (!known_) {
    Hold(std::move(publication));
  } else if (top_.epoch != publication->epoch && publication->offset == 1) {
    // A new epoch from its beginning: nothing of it is missing, and members of the old one notice by themselves.
    Reset({0, publication->epoch}, 0);
    complete_ = true;
    restore_asked_ = false;
    Append(std::move(publication), &effects);
  } else if (top_.epoch == publication->epoch && publication->offset <= top_.offset) {
    // Known already: from the history, or repeated by the broker.
  } else if (top_.epoch == publication->epoch && publication->offset == top_.offset + 1) {
    Append(std::move(publication), &effects);
  } else {
    LoseTrack(HistoryPlan::Why::kGap);
    Hold(std::move(publication));
  }
  return effects;
}

void Feed::Hold(PublicationPtr publication) {
  if (held_.size() >= limits_.held_max) {
    held_overflown_ = true;
    return;
  }
  held_.push_back(std::move(publication));
}

void Feed::Append(PublicationPtr publication, Effects* effects) {
  top_.offset = publication->offset;
  if (top_.epoch.empty()) top_.epoch = publication->epoch;
  effects->deliver.push_back(publication);
  Keep(std::move(publication));
}

void Feed::Keep(PublicationPtr publication) {
  if (publication->frame_class == FrameClass::kReliable) {
    if (reliable_.size() >= limits_.reliable_max) {
      reliable_.erase(reliable_.begin(), reliable_.begin() + static_cast<ptrdiff_t>((reliable_.size() + 1) / 2));
    }
    reliable_.emplace_back(publication->offset, publication->message_id);
  }
  ring_bytes_ += publication->bytes;
  ring_.push_back(std::move(publication));
  Trim();
}

std::optional<HistoryPlan> Feed::TakePlan() {
  if (!subscribed_ || reading_ != 0) return std::nullopt;
  HistoryPlan plan;
  if (!known_ && ever_known_) {
    plan = {0, why_, top_.epoch.empty() ? std::nullopt : std::optional(top_), kCatchUpLimit, false};
    if (top_.epoch.empty()) plan.newest = true;
  } else if (!known_) {
    plan.newest = true;
    plan.limit = older_wanted_ ? kWholeLimit : 0;
  } else if (older_wanted_) {
    plan = {0, HistoryPlan::Why::kOlder, std::nullopt, kWholeLimit, true};
  } else if (check_wanted_) {
    plan = {0, HistoryPlan::Why::kCheck, top_.epoch.empty() ? std::nullopt : std::optional(top_), kWholeLimit, false};
    if (top_.epoch.empty()) plan.newest = true;
  } else {
    return std::nullopt;
  }
  plan.number = reading_ = ++last_number_;
  reading_whole_ = plan.newest && plan.limit == kWholeLimit;
  check_wanted_ = false;
  return plan;
}

bool Feed::OnReadFailed(uint64_t number) {
  if (number != reading_) return false;
  reading_ = 0;
  older_wanted_ = false;
  return true;
}

Feed::Effects Feed::OnHistory(uint64_t number, HistorySnapshot snapshot) {
  Effects effects;
  if (number == 0 || number != reading_) return effects;
  reading_ = 0;
  const bool first = !ever_known_;
  ever_known_ = known_ = true;
  if (first) {
    KeepTail(snapshot.top, &snapshot.publications);
    const auto count = static_cast<uint64_t>(snapshot.publications.size());
    Reset(snapshot.top, snapshot.top.offset - count);
    for (PublicationPtr& publication : snapshot.publications) {
      ring_bytes_ += publication->bytes;
      ring_.push_back(std::move(publication));
    }
  } else if (snapshot.top.epoch == top_.epoch) {
    if (reading_whole_) Prepend(snapshot);
    Extend(snapshot, &effects);
  } else {
    Replace(snapshot, &effects);
  }
  if (reading_whole_) {
    complete_ = true;
    older_wanted_ = false;
  }
  ReplayHeld(&effects);
  effects.answer = known_;
  return effects;
}

// What the ring lacks at its start, as far as it reaches it.
void Feed::Prepend(const HistorySnapshot& snapshot) {
  Ring older;
  for (const PublicationPtr& publication : snapshot.publications) {
    if (publication->offset <= start_) older.push_back(publication);
  }
  if (older.empty() || older.back()->offset != start_) return;
  start_ = older.front()->offset - 1;
  for (const PublicationPtr& publication : older) ring_bytes_ += publication->bytes;
  ring_.erase(ring_.begin(), ring_.begin() + static_cast<ptrdiff_t>(ring_head_));
  ring_head_ = 0;
  ring_.insert(ring_.begin(), older.begin(), older.end());
}

// What came after the position, in the same epoch.
void Feed::Extend(HistorySnapshot& snapshot, Effects* effects) {
  if (snapshot.top.offset <= top_.offset) return;
  for (const PublicationPtr& publication : snapshot.publications) {
    if (publication->offset != top_.offset + 1) continue;
    Append(publication, effects);
  }
  if (snapshot.top.offset <= top_.offset) return;
  const bool cut = !effects->deliver.empty();
  if (cut) return LoseTrack(why_);  // The answer was: read on from here.
  // The history does not reach back to where we were: members see the gap.
  KeepTail(snapshot.top, &snapshot.publications);
  Replace(snapshot, effects);
}

// Another stream than the one known: members notice at the first place of it.
void Feed::Replace(HistorySnapshot& snapshot, Effects* effects) {
  const bool was_known = !top_.epoch.empty(), gone = snapshot.top.epoch.empty();
  KeepTail(snapshot.top, &snapshot.publications);
  Reset(snapshot.top, snapshot.top.offset - static_cast<uint64_t>(snapshot.publications.size()));
  if (gone) {
    complete_ = true;
    effects->restore = was_known && !std::exchange(restore_asked_, true);
    return;
  }
  restore_asked_ = false;
  if (snapshot.publications.empty()) {
    effects->lost = true;
    return;
  }
  for (PublicationPtr& publication : snapshot.publications) {
    effects->deliver.push_back(publication);
    Keep(std::move(publication));
  }
}

void Feed::Reset(protocol::Position top, uint64_t start) {
  top_ = std::move(top);
  start_ = start;
  complete_ = false;
  ring_.clear();
  reliable_.clear();
  ring_head_ = ring_bytes_ = 0;
}

// What came live while the history was read. A gap that readings do not close is shown to the members.
void Feed::ReplayHeld(Effects* effects) {
  if (!known_) return;
  if (std::exchange(held_overflown_, false)) {
    held_.clear();
    return LoseTrack(HistoryPlan::Why::kGap);
  }
  std::vector<PublicationPtr> held = std::exchange(held_, {});
  const int reads = gap_reads_;
  for (size_t i = 0; i < held.size(); ++i) {
    const bool same = held[i]->epoch == top_.epoch;
    const bool gap = same ? held[i]->offset > top_.offset + 1 : held[i]->offset != 1;
    if (gap && reads >= kMaxGapReads) {
      Reset({held[i]->offset - 1, held[i]->epoch}, held[i]->offset - 1);
      Append(std::move(held[i]), effects);
      continue;
    }
    if (gap) {
      LoseTrack(HistoryPlan::Why::kGap);
      gap_reads_ = reads + 1;
      held_.assign(std::make_move_iterator(held.begin() + static_cast<ptrdiff_t>(i)),
                   std::make_move_iterator(held.end()));
      return;
    }
    Effects more = OnPublication(std::move(held[i]));
    for (PublicationPtr& publication : more.deliver) effects->deliver.push_back(std::move(publication));
  }
  gap_reads_ = 0;
}

std::optional<protocol::JoinedChannel> Feed::Join(const std::optional<protocol::Position>& from, int64_t now_ms) {
  const bool could_recover = from && SameEpoch(*from, top_) && from->offset < top_.offset &&
                             top_.offset - from->offset <= protocol::kMaxRecovered;
  if (!known_) {
    if (from && !ever_known_) older_wanted_ = true;
    return std::nullopt;
  }
  if (could_recover && from->offset < start_ && !complete_) {
    older_wanted_ = true;
    return std::nullopt;
  }
  protocol::JoinedChannel joined{true, top_, {}, ""};
  if (!could_recover || from->offset < start_) return joined;
  const size_t skip = static_cast<size_t>(from->offset - start_);
  for (size_t i = ring_head_ + skip; i < ring_.size(); ++i) joined.history.push_back(ring_[i]->EntryAt(now_ms));
  return joined;
}

bool Feed::NoticeForeignEpoch(const protocol::Position& from) {
  const bool sign = known_ && top_.epoch.empty() && !from.epoch.empty();
  return sign && !std::exchange(restore_asked_, true);
}

std::vector<Id> Feed::ReliableIds(uint64_t after, uint64_t* through, size_t max) const {
  std::vector<Id> ids;
  uint64_t last = after;
  for (const auto& [offset, id] : reliable_) {
    if (offset <= after || offset > *through) continue;
    if (ids.size() >= max) {
      *through = last;
      break;
    }
    last = offset;
    ids.push_back(id);
  }
  return ids;
}

bool Feed::CameAfter(const Id& message_id, uint64_t offset) const {
  return std::any_of(reliable_.begin(), reliable_.end(),
                     [&](const auto& entry) { return entry.first > offset && entry.second == message_id; });
}

void Feed::Trim(bool half) {
  const size_t count_max = half ? limits_.ring_max / 2 : limits_.ring_max;
  const size_t bytes_max = half ? limits_.ring_bytes_max / 2 : limits_.ring_bytes_max;
  while (ring_size() > count_max || (ring_bytes_ > bytes_max && ring_size() > 0)) {
    PublicationPtr& oldest = ring_[ring_head_++];
    ring_bytes_ -= oldest->bytes;
    start_ = oldest->offset;
    oldest.reset();
    complete_ = false;
  }
  if (ring_head_ < ring_.size() / 2 || ring_head_ == 0) return;
  ring_.erase(ring_.begin(), ring_.begin() + static_cast<ptrdiff_t>(ring_head_));
  ring_head_ = 0;
}

}  // namespace trivium::gateway
