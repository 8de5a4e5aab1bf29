// Whether more people hold a place than there are, by the clients' own knowledge: exact at every moment, unlike a
// gauge.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"

namespace trivium::load {

inline constexpr size_t kPlaceRungs = 3;
inline constexpr const char* kRungNames[] = {"RTC", "FAST", "STANDARD", "WAITING"};

// By rung: RTC, FAST, STANDARD.
using RungPlaces = std::array<int64_t, kPlaceRungs>;

struct LevelUse {
  std::string name;  // "room 1", "institution load-a".
  RungPlaces places{}, held{}, most{};
};

// Who gets a place from a queue is not counted, for the client hears of it later: the counts are never too high, as
// long as Hold comes after the answer of JoinRoom and Release before the call of LeaveRoom. Thread-safe.
class PlaceAudit {
 public:
  // reserved: places of staff on RTC. Returns the level's index.
  size_t AddLevel(std::string name, const RungPlaces& places, int64_t reserved);
  // rung: 0-2.
  void Hold(std::span<const size_t> levels, size_t rung);
  void Release(std::span<const size_t> levels, size_t rung);

  std::vector<LevelUse> levels() const;
  // "room 1, RTC: 61 held, want <= 60", one for each level and rung that ever was over.
  std::vector<std::string> Over() const;

 private:
  mutable Mutex mu_;
  std::vector<LevelUse> levels_ ABSL_GUARDED_BY(mu_);
};

// What levels hold by the service's own metrics: the places taken of each of its levels, RTC, FAST, STANDARD.
// text: Prometheus' text format with trivium_live_level_use and trivium_live_level_places. Held and most are the use.
std::vector<LevelUse> LevelsOfMetrics(std::string_view text);

}  // namespace trivium::load
