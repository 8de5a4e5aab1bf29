// Steps by chance: joins, reconnects, leaves, moves, removals, expiries, rooms that end and start, capacities that
// change. The same step can be run on several engines and answers a text that holds everything it was told.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "services/live/admission/admission_calls.h"

namespace trivium::live {

// What participants remember of the answers that reached them.
using Memory = std::map<std::pair<int, std::string>, Standing>;

struct RandomStep {
  std::string name;  // "join 3/s4 request-77".
  // heard: where to remember standings; nullptr: nowhere.
  std::function<std::string(Admission& admission, const Call& call, Memory* heard)> run;
};

inline constexpr int kRandomRooms = 4;

class RandomSteps {
 public:
  // What happens: everything, or nothing that changes limits, and capacities stay as Opening has them.
  enum class Kinds { kAll, kFixedLimits };
  // who: prefix of request ids, so that no two sources make the same.
  RandomSteps(uint64_t seed, std::string who, Kinds kinds = Kinds::kAll)
      : random_(seed), who_(std::move(who)), kinds_(kinds) {}

  RandomStep Next();
  // What the service does before all others, and after a loss. restored: rooms that were live.
  static std::vector<RandomStep> Opening(bool restored);
  // A room's limits, which its number gives.
  static RoomLimits LimitsOf(int room);
  static const PerRung& OpeningPlaces(Level level);

  Memory& heard() { return heard_; }
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }

 private:
  RandomStep Join();
  RandomStep JoinMany();
  RandomStep Renew();
  RandomStep Leave();
  RandomStep Command();
  RandomStep Cell();
  JoinRequest RandomJoin();
  std::pair<int, std::string> RandomUser();
  const Standing* Heard(int room, const std::string& user) const;

  std::mt19937_64 random_;
  const std::string who_;
  const Kinds kinds_;
  int made_ = 0;
  Memory heard_;
};

// Everything of an answer, as text.
std::string Describe(const absl::Status& status);
std::string Describe(const absl::StatusOr<Standing>& standing);
std::string Describe(const Place& place);
// Everything that an engine can tell: the cell, its levels, rooms, participants, changes.
std::string DescribeAll(Admission& admission, const Call& call);

}  // namespace trivium::live
