// One channel as this gateway hears it: its recent publications and its position, so that clients that come back are
// served without Redis, and gaps are repaired before any client sees them. Pure: time, network and members are the
// caller's (feed_book.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/gateway/clients/publication.h"
#include "services/gateway/session/session_actions.h"

namespace trivium::gateway {

struct FeedLimits {
  size_t ring_max = 300;
  size_t ring_bytes_max = 256 << 10;
  size_t held_max = 1000;      // Live publications that wait for a reading of the history.
  size_t reliable_max = 1000;  // Ids of RELIABLE messages by offset, for acknowledgements.
};

// A reading of the channel's history that the feed wants. One is under way at a time.
struct HistoryPlan {
  enum class Why { kFirst, kOlder, kLost, kGap, kCheck };
  uint64_t number = 0;  // Comes back with the answer.
  Why why = Why::kFirst;
  std::optional<protocol::Position> since;
  int limit = 0;
  bool newest = false;  // The newest `limit` ones; else the oldest ones after `since`.
};
const char* WhyName(HistoryPlan::Why why);

// What was read.
struct HistorySnapshot {
  protocol::Position top;
  std::vector<PublicationPtr> publications;  // Ascending, without gaps between them.
};

// Not thread-safe.
class Feed {
 public:
  explicit Feed(FeedLimits limits) : limits_(limits) {}

  // What an event leads to.
  struct Effects {
    bool lost = false;                    // First: the members miss something that no offset shows.
    std::vector<PublicationPtr> deliver;  // To the members, in this order.
    bool restore = false;                 // The history is gone: ask its owner to bring it back.
    bool answer = false;                  // Joins that wait may be answered now.
  };

  // The broker: from now on live publications come. They may have been missed before.
  void OnSubscribed();
  void OnLost();
  // A live publication, with or without a place.
  Effects OnPublication(PublicationPtr publication);
  // The answer to the plan of this number; nothing for another one.
  Effects OnHistory(uint64_t number, HistorySnapshot snapshot);
  // False: it was another plan's.
  bool OnReadFailed(uint64_t number);

  // The reading that is wanted now, which is then under way; nothing when one is, or none is wanted.
  std::optional<HistoryPlan> TakePlan();
  // Wants the position compared with Redis's, and what is missing.
  void WantCheck() { check_wanted_ = true; }
  // Wants the history read as if nothing was known of what came meanwhile. After a restoration.
  void WantCatchUp() { known_ = false; }

  // What a client gets that joins, and was at `from` before. Nothing: the history must be read first; TakePlan has it.
  std::optional<protocol::JoinedChannel> Join(const std::optional<protocol::Position>& from, int64_t now_ms);
  // Somebody is about to join who was here before: the first reading may as well bring what is older.
  void ExpectReturn() { older_wanted_ = older_wanted_ || !ever_known_; }
  // A client was at a position of an epoch that is not known here: whether that is the first sign that history is gone.
  bool NoticeForeignEpoch(const protocol::Position& from);

  // RELIABLE messages with offsets after < offset <= *through, at most max of them; where there are more, *through is
  // set to the last one's offset.
  std::vector<Id> ReliableIds(uint64_t after, uint64_t* through, size_t max) const;
  // Whether a RELIABLE message came live after this offset.
  bool CameAfter(const Id& message_id, uint64_t offset) const;

  // Drops the oldest publications above the limits, or above half of them.
  void Trim(bool half = false);

  bool known() const { return known_; }
  bool subscribed() const { return subscribed_; }
  bool reading() const { return reading_ != 0; }
  const protocol::Position& top() const { return top_; }
  size_t ring_bytes() const { return ring_bytes_; }
  size_t ring_size() const { return ring_.size() - ring_head_; }

 private:
  using Ring = std::vector<PublicationPtr>;

  void Append(PublicationPtr publication, Effects* effects);
  void Hold(PublicationPtr publication);
  void ReplayHeld(Effects* effects);
  void Extend(HistorySnapshot& snapshot, Effects* effects);
  void Prepend(const HistorySnapshot& snapshot);
  void Replace(HistorySnapshot& snapshot, Effects* effects);
  void Reset(protocol::Position top, uint64_t start);
  void Keep(PublicationPtr publication);
  void LoseTrack(HistoryPlan::Why why);

  const FeedLimits limits_;
  bool subscribed_ = false;
  bool known_ = false;       // top_ is the channel's, and nothing before it is missing for the members.
  bool ever_known_ = false;  // top_ once was.
  bool complete_ = false;    // Redis has nothing older than the ring that anybody could recover from.
  bool older_wanted_ = false, check_wanted_ = false;
  bool restore_asked_ = false;
  HistoryPlan::Why why_ = HistoryPlan::Why::kFirst;  // Not known_ because of it.
  int gap_reads_ = 0;                                // In a row that did not close a gap.
  uint64_t last_number_ = 0, reading_ = 0;           // reading_: the plan under way; 0: none.
  bool reading_whole_ = false;                       // It reads all that anybody could recover.
  protocol::Position top_;
  uint64_t start_ = 0;  // The ring has every place after it, up to top_.
  Ring ring_;           // [ring_head_, end): by offset, without gaps, ending at top_.
  size_t ring_head_ = 0, ring_bytes_ = 0;
  std::vector<PublicationPtr> held_;  // While not known_; at most held_max.
  bool held_overflown_ = false;
  std::vector<std::pair<uint64_t, Id>> reliable_;  // By offset; at most reliable_max.
};

}  // namespace trivium::gateway
