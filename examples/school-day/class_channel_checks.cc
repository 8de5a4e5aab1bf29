// What clients were told: events of their rooms, chat, quizzes, the class that was moved.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "examples/school-day/class_invariants.h"

namespace trivium::schoolday {
namespace {

using Sentences = std::vector<std::string>;

constexpr size_t kSentencesMax = 15;

struct ToldEvent {
  std::string event_id;
  int64_t time_ms = 0;
};

// What a room's channel must tell, in order.
using Told = std::map<std::string, std::vector<ToldEvent>>;  // By channel.

Told ToldByFeed(const ClassDayRecord& day) {
  std::map<std::string, std::string> types;
  for (const RoomRecord& room : day.rooms) types[room.room_id] = room.view.type;
  Told told;
  for (const LiveEventView& e : day.events) {
    const std::string& room_id = e.of_room ? e.room.room_id : e.stay.room_id;
    const auto type = types.find(room_id);
    if (type != types.end() && IsTold(e, type->second)) told["room:" + room_id].push_back({e.event_id, e.time_ms});
  }
  return told;
}

// A client in one room's channel.
struct ChannelRead {
  int64_t complete_since_ms = 0;       // Nothing since may be missing; 0: it never joined.
  std::vector<std::string> event_ids;  // As shown.
  std::map<int, int> numbers;          // How often each message was shown.
};

std::map<std::string, ChannelRead> ReadsOf(const StudentRecord& client) {
  std::map<std::string, ChannelRead> reads;
  for (const ClientEvent& e : client.events) {
    if (!e.channel.starts_with("room:room_") || e.kind == ClientEvent::Kind::kLost) continue;
    ChannelRead& read = reads[e.channel];
    if (e.kind == ClientEvent::Kind::kJoined) {
      if (!e.recovered) read.complete_since_ms = e.time_ms;
    } else if (!e.seen) {
      if (e.class_number > 0) ++read.numbers[e.class_number];
      const std::string id = e.class_number > 0 ? "" : EventIdOf(e.text);
      if (!id.empty()) read.event_ids.push_back(id);
    }
  }
  return reads;
}

void CheckRead(const ClassDayRecord& day, const std::string& who, const std::vector<ToldEvent>& told,
               const ChannelRead& read, Sentences& broken) {
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < told.size(); ++i) places[told[i].event_id] = i;
  std::set<std::string> got;
  size_t last = 0;
  for (const std::string& id : read.event_ids) {
    const auto place = places.find(id);
    if (place == places.end()) {
      broken.push_back(absl::StrCat("room channel: ", who, " was told of ", id, ", of which the feed does not tell"));
      continue;
    }
    // After trouble a batch is sent again: what of it had gone out may come twice, or late.
    if (!got.insert(id).second && !day.troubled) {
      broken.push_back(absl::StrCat("room channel: ", who, " was told of ", id, " twice"));
    }
    if (place->second < last && !day.troubled) {
      broken.push_back(absl::StrCat("room channel: ", who, " was told of ", id, " after later events"));
    }
    last = std::max(last, place->second);
  }
  if (read.complete_since_ms == 0) return;
  for (const ToldEvent& event : told) {
    if (event.time_ms <= read.complete_since_ms || got.contains(event.event_id)) continue;
    broken.push_back(
        absl::StrCat("room channel: ", who, " was told of no hole, and has not heard of ", event.event_id));
  }
}

void CheckChat(const ClassDayRecord& day, const std::string& channel, const std::string& who, const ChannelRead& read,
               Sentences& broken) {
  for (const ClassMessageRecord& m : day.messages) {
    if (m.reliable || m.room < 0 || m.message_id.empty()) continue;
    if ("room:" + day.rooms[m.room].room_id != channel) continue;
    const auto shown = read.numbers.find(m.number);
    const int times = shown == read.numbers.end() ? 0 : shown->second;
    const bool must = read.complete_since_ms > 0 && m.begin_ms > read.complete_since_ms;
    if (times == 0 && must) {
      broken.push_back(absl::StrCat("chat: ", who, " was told of no hole, and has not seen line ", m.number));
    }
    // A request that was repeated after Redis lost its memory may have sent it twice.
    if (times > 1 && !day.troubled) broken.push_back(absl::StrCat("chat: ", who, " saw line ", m.number, " twice"));
  }
}

// How often each client was shown a RELIABLE message.
using Shown = std::map<std::string, std::map<int, int>>;  // By user and number.

Shown ShownTo(const ClassDayRecord& day) {
  Shown shown;
  for (const StudentRecord& client : day.clients) {
    std::map<int, int>& mine = shown[client.plan.student_id];
    for (const ClientEvent& e : client.events) {
      if (e.kind == ClientEvent::Kind::kMessage && e.class_number > 0 && !e.seen) ++mine[e.class_number];
    }
  }
  return shown;
}

void CheckReliable(const ClassMessageRecord& m, const Shown& shown, Sentences& broken) {
  const std::string what = absl::StrCat(m.kind, " ", m.number, " (", m.message_id, ")");
  if (m.message_id.empty()) broken.push_back(absl::StrCat("class messages: ", what, " was never accepted"));
  for (const auto& [user, numbers] : shown) {
    const auto times = numbers.find(m.number);
    if (times != numbers.end() && times->second > 1) {
      broken.push_back(absl::StrCat("class messages: ", user, " was shown ", what, " ", times->second, " times"));
    }
  }
  for (const std::string& user : m.recipients) {
    const auto mine = shown.find(user);
    const bool seen = mine != shown.end() && mine->second.contains(m.number);
    if (!seen) broken.push_back(absl::StrCat("class messages: ", user, " was in, and was not shown ", what));
    const auto fate = m.fates.find(user);
    const std::string state = fate == m.fates.end() ? "no recipient" : fate->second;
    if (state != "ACKED") broken.push_back(absl::StrCat("class messages: ", user, "'s part of ", what, " is ", state));
  }
}

}  // namespace

bool IsTold(const LiveEventView& e, const std::string& room_type) {
  if (e.of_room) return e.type != "ROOM_CREATED";
  if (room_type == "SMALL" || e.type == "PARTICIPANT_MOVED" || e.type == "PARTICIPANT_MUTED") return true;
  return e.type != "PARTICIPANT_QUEUED" && (e.stay.IsStaff() || e.stay.seat > 0);
}

std::string EventIdOf(const std::string& text) {
  const auto data = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!data.is_object() || !data.contains("eventId") || !data["eventId"].is_string()) return "";
  return data["eventId"].get<std::string>();
}

Sentences CheckRoomChannels(const ClassDayRecord& day) {
  Sentences broken;
  const Told told = ToldByFeed(day);
  static const std::vector<ToldEvent> kNothing;
  for (const StudentRecord& client : day.clients) {
    for (const auto& [channel, read] : ReadsOf(client)) {
      const auto of_channel = told.find(channel);
      const std::string who = absl::StrCat(client.plan.student_id, " in ", channel);
      CheckRead(day, who, of_channel == told.end() ? kNothing : of_channel->second, read, broken);
    }
  }
  return broken;
}

Sentences CheckClassMessages(const ClassDayRecord& day) {
  Sentences broken;
  for (const StudentRecord& client : day.clients) {
    for (const auto& [channel, read] : ReadsOf(client)) {
      CheckChat(day, channel, absl::StrCat(client.plan.student_id, " in ", channel), read, broken);
    }
  }
  const Shown shown = ShownTo(day);
  for (const ClassMessageRecord& m : day.messages) {
    if (m.reliable) CheckReliable(m, shown, broken);
  }
  return broken;
}

Sentences CheckAllClasses(const std::vector<ClassDayRecord>& days, const ClassLimits& limits) {
  Sentences all = CheckPlaces(days, limits);
  for (const ClassDayRecord& day : days) {
    Sentences broken = day.complaints;
    for (const VisitRecord& v : day.visits) {
      broken.insert(broken.end(), v.complaints.begin(), v.complaints.end());
    }
    for (const auto check : {CheckStaff, CheckAccess, CheckCame, CheckPaid, CheckStays, CheckClassEvents, CheckLiveDay,
                             CheckRoomEnds, CheckRoomChannels, CheckClassMessages}) {
      const Sentences more = check(day);
      broken.insert(broken.end(), more.begin(), more.end());
    }
    for (size_t i = 0; i < std::min(broken.size(), kSentencesMax); ++i) {
      all.push_back(absl::StrCat(day.product, ": ", broken[i]));
    }
    if (broken.size() > kSentencesMax) {
      all.push_back(absl::StrCat(day.product, ": and ", broken.size() - kSentencesMax, " more"));
    }
  }
  return all;
}

}  // namespace trivium::schoolday
