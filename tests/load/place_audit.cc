#include "tests/load/place_audit.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/text/view.h"

namespace trivium::load {
namespace {

// The value of a label, or "".
std::string_view LabelOf(std::string_view labels, const std::string& name) {
  const std::string begin = name + "=\"";
  const size_t at = labels.find(begin);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = labels.substr(at + begin.size());
  return rest.substr(0, rest.find('"'));
}

}  // namespace

size_t PlaceAudit::AddLevel(std::string name, const RungPlaces& places, int64_t reserved) {
  MutexLock lock(mu_);
  levels_.push_back({.name = std::move(name), .places = places, .held = {reserved}, .most = {reserved}});
  return levels_.size() - 1;
}

void PlaceAudit::Hold(std::span<const size_t> levels, size_t rung) {
  MutexLock lock(mu_);
  for (const size_t i : levels) {
    LevelUse& level = levels_[i];
    level.most[rung] = std::max(level.most[rung], ++level.held[rung]);
  }
}

void PlaceAudit::Release(std::span<const size_t> levels, size_t rung) {
  MutexLock lock(mu_);
  for (const size_t i : levels) --levels_[i].held[rung];
}

std::vector<LevelUse> PlaceAudit::levels() const {
  MutexLock lock(mu_);
  return levels_;
}

std::vector<std::string> PlaceAudit::Over() const {
  MutexLock lock(mu_);
  std::vector<std::string> over;
  for (const LevelUse& level : levels_) {
    for (size_t r = 0; r < kPlaceRungs; ++r) {
      if (level.most[r] <= level.places[r]) continue;
      over.push_back(
          absl::StrCat(level.name, ", ", kRungNames[r], ": ", level.most[r], " held, want <= ", level.places[r]));
    }
  }
  return over;
}

std::vector<LevelUse> LevelsOfMetrics(std::string_view text) {
  std::map<std::string, LevelUse> levels;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    const bool use = absl::StartsWith(line, "trivium_live_level_use{");
    if (!use && !absl::StartsWith(line, "trivium_live_level_places{")) continue;
    const size_t end = line.rfind("} ");
    double value = 0;
    if (end == absl::string_view::npos || !absl::SimpleAtod(line.substr(end + 2), &value)) continue;
    const std::string_view labels(line.data(), end);
    const auto* rung = std::find(kRungNames, kRungNames + kPlaceRungs, LabelOf(labels, "rung"));
    if (rung == kRungNames + kPlaceRungs) continue;
    std::string name(LabelOf(labels, "level"));
    if (const std::string_view own = LabelOf(labels, "name"); !own.empty()) name.append(" ").append(own);
    LevelUse& level = levels[name];
    level.name = name;
    const auto r = static_cast<size_t>(rung - kRungNames);
    if (use) {
      level.held[r] = level.most[r] = static_cast<int64_t>(value);
    } else {
      level.places[r] = static_cast<int64_t>(value);
    }
  }
  std::vector<LevelUse> all;
  for (auto& [name, level] : levels) all.push_back(std::move(level));
  return all;
}

}  // namespace trivium::load
