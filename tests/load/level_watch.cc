#include "tests/load/level_watch.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/http/client.h"
#include "libs/status/status.h"

namespace trivium::load {
namespace {

constexpr auto kPause = std::chrono::milliseconds(100);

std::string TooMany(const std::string& name, const std::string& what, int64_t held, int64_t most) {
  return absl::StrCat(name, ", ", what, ": ", held, " held, want <= ", most);
}

}  // namespace

absl::StatusOr<std::vector<LevelUse>> ReadLevels(const std::string& admin) {
  static http::Client* client = new http::Client(1);
  const auto response = client->Send({.url = admin + "/metrics"});
  if (!response.ok()) return response.status();
  if (response->status != 200) return absl::UnavailableError(absl::StrCat(admin, "/metrics: HTTP ", response->status));
  return LevelsOfMetrics(response->body);
}

std::vector<std::string> OverOf(const std::vector<LevelUse>& levels) {
  std::vector<std::string> over;
  for (const LevelUse& level : levels) {
    for (size_t r = 0; r < kPlaceRungs; ++r) {
      if (level.held[r] > level.places[r])
        over.push_back(TooMany(level.name, kRungNames[r], level.held[r], level.places[r]));
    }
  }
  return over;
}

LevelWatch::LevelWatch(LiveApi& api, const std::vector<LoadRoom>& rooms, std::string admin)
    : api_(api), rooms_(rooms), admin_(std::move(admin)), thread_([this] { Run(); }) {}

LevelWatch::~LevelWatch() { Stop(); }

void LevelWatch::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

std::vector<std::string> LevelWatch::Over() const {
  MutexLock lock(mu_);
  return {over_.begin(), over_.end()};
}

void LevelWatch::Run() {
  while (!stop_) {
    Look();
    std::this_thread::sleep_for(kPause);
  }
}

void LevelWatch::Look() {
  std::vector<std::string> over;
  bool whole = true;
  for (size_t i = 0; i < rooms_.size(); ++i) {
    const absl::StatusOr<RoomUse> use = api_.ReadUse(rooms_[i]);
    if (!use.ok()) {
      whole = false;
      continue;
    }
    const std::string name = absl::StrCat("room ", i + 1);
    over = OverOf({{.name = name, .places = rooms_[i].places, .held = use->held}});
    if (use->waiting > rooms_[i].queue_size)
      over.push_back(TooMany(name, "WAITING", use->waiting, rooms_[i].queue_size));
    MutexLock lock(mu_);
    over_.insert(over.begin(), over.end());
  }
  if (const auto levels = ReadLevels(admin_); levels.ok()) {
    over = OverOf(*levels);
  } else {
    whole = false;
  }
  MutexLock lock(mu_);
  over_.insert(over.begin(), over.end());
  ++(whole ? looks_ : failed_);
}

absl::Status WaitUntilEmpty(LiveApi& api, const std::vector<LoadRoom>& rooms, absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  while (true) {
    absl::Status status;
    for (size_t i = 0; i < rooms.size(); ++i) {
      TRIVIUM_ASSIGN_OR_RETURN(const RoomUse use, api.ReadUse(rooms[i]));
      const int64_t held = std::accumulate(use.held.begin(), use.held.end(), use.waiting);
      if (held != 0) {
        status.Update(absl::InternalError(absl::StrCat("room ", i + 1, ": ", use.held[0], " RTC, ", use.held[1],
                                                       " FAST, ", use.held[2], " STANDARD, ", use.waiting,
                                                       " WAITING, want none: everybody has left")));
      }
    }
    if (status.ok() || absl::Now() > end) return status;
    std::this_thread::sleep_for(kPause);
  }
}

absl::Status WaitUntilGivenBack(const std::string& admin, const std::string& product, const RungPlaces& least,
                                absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  const std::string name = "PRODUCT " + product;
  while (true) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<LevelUse> levels, ReadLevels(admin));
    const auto level = std::find_if(levels.begin(), levels.end(), [&](const LevelUse& l) { return l.name == name; });
    if (level == levels.end()) return absl::NotFoundError(name + ": is not among the levels of " + admin + "/metrics");
    absl::Status status;
    for (size_t r = 0; r < kPlaceRungs; ++r) {
      if (level->held[r] > least[r])
        status.Update(absl::InternalError(TooMany(name, kRungNames[r], level->held[r], least[r]) +
                                          " after the end of all rooms"));
    }
    if (status.ok() || absl::Now() > end) return status;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace trivium::load
