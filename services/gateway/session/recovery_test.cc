#include "services/gateway/session/recovery.h"

#include <gtest/gtest.h>

#include <random>

namespace trivium::protocol {
namespace {

Entry At(uint64_t offset) {
  auto publication = std::make_shared<Publication>();
  publication->set_offset(offset);
  return {offset, std::move(publication)};
}

std::vector<Entry> Entries(std::initializer_list<uint64_t> offsets) {
  std::vector<Entry> entries;
  for (const uint64_t offset : offsets) entries.push_back(At(offset));
  return entries;
}

std::vector<uint64_t> Offsets(const std::vector<Entry>& entries) {
  std::vector<uint64_t> offsets;
  for (const Entry& entry : entries) offsets.push_back(entry.offset);
  return offsets;
}

using List = std::vector<uint64_t>;

TEST(RecoverTest, IsAllOrNothing) {
  struct Row {
    const char* name;
    Position client, top;
    std::initializer_list<uint64_t> history;
    bool recovered;
  };
  const Row rows[] = {
      {"nothing missed", {7, "e"}, {7, "e"}, {}, true},
      {"an empty stream", {0, "e"}, {0, "e"}, {}, true},
      {"one missed", {7, "e"}, {8, "e"}, {8}, true},
      {"some missed", {4, "e"}, {8, "e"}, {5, 6, 7, 8}, true},
      {"from the start", {0, "e"}, {3, "e"}, {1, 2, 3}, true},
      {"from the start, epoch not known", {0, ""}, {3, "e"}, {1, 2, 3}, true},
      {"a place, epoch not known", {1, ""}, {3, "e"}, {2, 3}, false},
      {"another epoch, same place", {7, "e"}, {7, "f"}, {}, false},
      {"another epoch", {4, "e"}, {5, "f"}, {5}, false},
      {"history is gone", {4, "e"}, {8, "e"}, {}, false},
      {"history is cut at its start", {4, "e"}, {8, "e"}, {6, 7, 8}, false},
      {"history is cut at its end", {4, "e"}, {8, "e"}, {5, 6, 7}, false},
      {"a hole", {4, "e"}, {8, "e"}, {5, 7, 8}, false},
      {"a hole filled by a repeat", {4, "e"}, {8, "e"}, {5, 5, 7, 8}, false},
      {"not in order", {4, "e"}, {7, "e"}, {5, 7, 6}, false},
      {"more than asked for", {4, "e"}, {5, "e"}, {4, 5}, false},
      {"beyond the top", {9, "e"}, {8, "e"}, {}, false},
      {"far beyond the top", {UINT64_MAX, "e"}, {8, "e"}, {}, false},
      {"a top at the end of numbers", {UINT64_MAX - 1, "e"}, {UINT64_MAX, "e"}, {UINT64_MAX}, true},
      {"everything missed", {0, "e"}, {UINT64_MAX, "e"}, {}, false},
  };
  for (const Row& row : rows) {
    const Recovery recovery = Recover(row.client, row.top, Entries(row.history));
    EXPECT_EQ(recovery.recovered, row.recovered) << row.name;
    EXPECT_EQ(Offsets(recovery.entries), row.recovered ? List(row.history) : List()) << row.name;
  }
}

TEST(RecoverTest, HasAMaximum) {
  for (const size_t missed : {kMaxRecovered, kMaxRecovered + 1}) {
    std::vector<Entry> history;
    for (uint64_t offset = 1; offset <= missed; ++offset) history.push_back(At(offset));
    const Recovery recovery = Recover({0, "e"}, {missed, "e"}, history);
    EXPECT_EQ(recovery.recovered, missed == kMaxRecovered);
    EXPECT_EQ(recovery.entries.size(), recovery.recovered ? missed : 0);
  }
}

TEST(RecoverTest, AMarkerIsNoGap) {
  std::vector<Entry> history = Entries({5, 6, 7});
  history[1].publication = nullptr;
  EXPECT_TRUE(Recover({4, "e"}, {7, "e"}, history).recovered);
}

TEST(PositionTrackerTest, JudgesEachLivePublication) {
  using V = PositionTracker::Verdict;
  struct Row {
    const char* name;
    Position start;
    uint64_t offset;
    const char* epoch;
    V verdict;
    Position after;
  };
  const Row rows[] = {
      {"the next", {7, "e"}, 8, "e", V::kDeliver, {8, "e"}},
      {"the first", {0, "e"}, 1, "e", V::kDeliver, {1, "e"}},
      {"the same again", {7, "e"}, 7, "e", V::kSkip, {7, "e"}},
      {"an old one", {7, "e"}, 1, "e", V::kSkip, {7, "e"}},
      {"one too far", {7, "e"}, 9, "e", V::kInsufficient, {7, "e"}},
      {"far too far", {7, "e"}, UINT64_MAX, "e", V::kInsufficient, {7, "e"}},
      {"no place", {7, "e"}, 0, "e", V::kDeliver, {7, "e"}},
      {"no place, no epoch", {7, "e"}, 0, "", V::kDeliver, {7, "e"}},
      {"no place, another epoch", {7, "e"}, 0, "f", V::kDeliver, {7, "e"}},
      {"another epoch", {7, "e"}, 8, "f", V::kInsufficient, {7, "e"}},
      {"another epoch, an old place", {7, "e"}, 1, "f", V::kInsufficient, {7, "e"}},
      {"the first epoch", {0, ""}, 1, "e", V::kDeliver, {1, "e"}},
      {"the first epoch, a gap", {0, ""}, 2, "e", V::kInsufficient, {0, "e"}},
      {"no epoch said", {7, "e"}, 8, "", V::kDeliver, {8, "e"}},
  };
  for (const Row& row : rows) {
    PositionTracker tracker(row.start);
    EXPECT_EQ(tracker.Next(row.offset, row.epoch), row.verdict) << row.name;
    EXPECT_EQ(tracker.position().offset, row.after.offset) << row.name;
    EXPECT_EQ(tracker.position().epoch, row.after.epoch) << row.name;
  }
}

TEST(SubscribeBufferTest, MergesOrSaysThatSomethingIsMissing) {
  struct Row {
    const char* name;
    std::initializer_list<uint64_t> recovered, buffered;
    Position top;
    bool whole;
    List placed;
    uint64_t position;
  };
  const Row rows[] = {
      {"nothing", {}, {}, {7, "e"}, true, {}, 7},
      {"recovered alone", {6, 7}, {}, {7, "e"}, true, {6, 7}, 7},
      {"both", {6, 7}, {8, 9}, {7, "e"}, true, {6, 7, 8, 9}, 9},
      {"overlap", {6, 7}, {6, 7, 8}, {7, "e"}, true, {6, 7, 8}, 8},
      {"older than history", {}, {6, 7}, {7, "e"}, true, {}, 7},
      {"reordered", {}, {9, 8, 10}, {7, "e"}, true, {8, 9, 10}, 10},
      {"repeated", {}, {8, 8, 9, 8}, {7, "e"}, true, {8, 9}, 9},
      {"a gap after history", {}, {9}, {7, "e"}, false, {}, 0},
      {"a gap between", {7}, {8, 10}, {7, "e"}, false, {}, 0},
      {"a far gap", {}, {UINT64_MAX}, {7, "e"}, false, {}, 0},
      {"a stream that begins meanwhile", {}, {1, 2}, {0, ""}, true, {1, 2}, 2},
  };
  for (const Row& row : rows) {
    SubscribeBuffer buffer(10);
    for (const uint64_t offset : row.buffered) buffer.Add("e", At(offset));
    const auto merged = buffer.Merge(Entries(row.recovered), row.top);
    ASSERT_EQ(merged.has_value(), row.whole) << row.name;
    if (!merged) continue;
    EXPECT_EQ(Offsets(merged->placed), row.placed) << row.name;
    EXPECT_EQ(merged->position.offset, row.position) << row.name;
    EXPECT_TRUE(merged->unplaced.empty());
  }
}

TEST(SubscribeBufferTest, KeepsWhatHasNoPlaceInItsOrder) {
  SubscribeBuffer buffer(10);
  const Entry first = At(0), second = At(0);
  buffer.Add("", first);
  buffer.Add("e", At(8));
  buffer.Add("x", second);
  const auto merged = buffer.Merge({}, {7, "e"});
  ASSERT_TRUE(merged.has_value());
  EXPECT_EQ(Offsets(merged->placed), List({8}));
  ASSERT_EQ(merged->unplaced.size(), 2u);
  EXPECT_EQ(merged->unplaced[0].publication, first.publication);
  EXPECT_EQ(merged->unplaced[1].publication, second.publication);
}

TEST(SubscribeBufferTest, AnotherEpochIsInsufficientState) {
  const std::vector<std::vector<const char*>> cases = {{"f"}, {"e", "f"}, {"f", "e"}, {"", "f"}};
  for (const auto& epochs : cases) {
    SubscribeBuffer buffer(10);
    uint64_t offset = 7;
    for (const char* epoch : epochs) buffer.Add(epoch, At(++offset));
    EXPECT_FALSE(buffer.Merge({}, {7, "e"}).has_value());
  }
  SubscribeBuffer silent(10);
  silent.Add("", At(8));
  EXPECT_EQ(silent.Merge({}, {7, "e"})->position.epoch, "e");
  SubscribeBuffer first(10);
  first.Add("e", At(1));
  EXPECT_EQ(first.Merge({}, {0, ""})->position.epoch, "e");
}

TEST(SubscribeBufferTest, OverflowIsInsufficientStateAndAMergeEmptiesIt) {
  SubscribeBuffer buffer(2);
  for (const uint64_t offset : {8, 9, 10}) buffer.Add("e", At(offset));
  EXPECT_FALSE(buffer.Merge({}, {7, "e"}).has_value());
  buffer.Add("e", At(8));
  EXPECT_EQ(Offsets(buffer.Merge({}, {7, "e"})->placed), List({8}));
  EXPECT_TRUE(buffer.Merge({}, {8, "e"})->placed.empty());
}

// A model stream with random losses, repeats and swaps: whoever is told that nothing is missing has exactly the stream.
TEST(RecoveryPropertyTest, NobodyMissesAPublicationUnknowingly) {
  std::mt19937 random(11);
  int whole = 0, lost = 0;
  for (int round = 0; round < 3000; ++round) {
    const uint64_t client = random() % 20, top = client + random() % 10, end = top + random() % 8;
    std::vector<Entry> history;
    for (uint64_t o = client + 1 + (random() % 4 == 0); o <= top; ++o) history.push_back(At(o));
    const Recovery recovery = Recover({client, "e"}, {top, "e"}, history);
    SubscribeBuffer buffer(100);
    List live;
    for (uint64_t o = top > 2 ? top - 2 : 1; o <= end; ++o) {
      if (random() % 20 != 0) live.insert(live.end(), 1 + random() % 2, o);
    }
    for (size_t i = 1; i < live.size(); ++i) {
      if (random() % 4 == 0) std::swap(live[i - 1], live[i]);
    }
    for (const uint64_t o : live) buffer.Add("e", At(o));
    const auto merged = buffer.Merge(recovery.entries, {top, "e"});
    if (!recovery.recovered || !merged) {
      ++lost;
      continue;
    }
    ++whole;
    List want;
    for (uint64_t o = client + 1; o <= merged->position.offset; ++o) want.push_back(o);
    EXPECT_EQ(Offsets(merged->placed), want);
    EXPECT_GE(merged->position.offset, live.empty() ? top : *std::max_element(live.begin(), live.end()));
  }
  EXPECT_GT(whole, 500);
  EXPECT_GT(lost, 500);
}

}  // namespace
}  // namespace trivium::protocol
