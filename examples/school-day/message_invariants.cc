#include "examples/school-day/message_invariants.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "absl/strings/str_cat.h"

namespace trivium::schoolday {
namespace {

using Sentences = std::vector<std::string>;

constexpr size_t kSentencesMax = 15;

std::string NameOf(const MessageRecord& m) {
  return absl::StrCat(m.message_id, " (", ClassName(m.plan.message_class), " ", KindName(m.plan.kind), " ",
                      m.plan.number, ", ", SpecialName(m.plan.special), ")");
}

std::string TextOf(const DeliveryView& d) {
  return absl::StrCat(d.accepted, " accepted, ", d.acked, " acked, ", d.vendor, " vendor, ", d.expired, " expired, ",
                      d.DroppedSum(), " dropped, ", d.pending, " pending");
}

bool IsReliable(const MessageRecord& m) { return m.plan.message_class == MessageClass::kReliable; }
bool NeverSent(const MessageRecord& m) { return m.plan.special == Special::kScheduledCanceled && m.canceled; }

// Students who have been shown each message of the plan, by its number.
std::vector<std::set<std::string>> ShownBy(const MessageDayRecord& day) {
  std::vector<std::set<std::string>> shown(day.messages.size() + 1);
  for (const StudentRecord& student : day.students) {
    for (const ClientEvent& event : student.events) {
      if (event.number > 0 && static_cast<size_t>(event.number) < shown.size()) {
        shown[event.number].insert(student.plan.student_id);
      }
    }
  }
  return shown;
}

// A student's way through one channel.
class ChannelWalk {
 public:
  // short_lived: messages of the channel that may have lost their use before they could be sent; they keep their
  // places.
  ChannelWalk(const std::string& student, const std::string& channel, uint64_t short_lived)
      : who_(student + " in " + channel), skips_left_(short_lived) {}

  void Take(const ClientEvent& e, Sentences& broken) {
    if (e.kind == ClientEvent::Kind::kLost) return;
    if (e.kind == ClientEvent::Kind::kMessage) return TakeMessage(e, broken);
    if (e.recovered && known_ && !MaySkip(offset_, e.offset)) {
      broken.push_back(absl::StrCat("order: ", who_, " was told that it recovered to offset ", e.offset,
                                    ", but got all up to ", offset_));
    }
    if (!e.recovered) complete_since_ms_ = e.time_ms;
    known_ = true;
    offset_ = e.offset;
  }
  // Unix time since which nothing may be missing; 0: it never joined.
  int64_t complete_since_ms() const { return complete_since_ms_; }

 private:
  void TakeMessage(const ClientEvent& e, Sentences& broken) {
    if (e.offset > 0 && known_) {
      if (!MaySkip(offset_ + 1, e.offset)) {
        broken.push_back(
            absl::StrCat("order: ", who_, " got offset ", e.offset, " after ", offset_, ", want ", offset_ + 1));
      }
      offset_ = e.offset;
    }
    if (e.message_class != "ORDERED" || e.number == 0 || e.seen) return;
    if (e.number < last_chat_) {
      broken.push_back(absl::StrCat("order: ", who_, " got chat ", e.number, " after ", last_chat_));
    }
    last_chat_ = std::max(last_chat_, e.number);
  }

  // Whether everything in [from, to) was of no use any more.
  bool MaySkip(uint64_t from, uint64_t to) {
    if (to < from || to - from > skips_left_) return false;
    skips_left_ -= to - from;
    return true;
  }

  const std::string who_;
  uint64_t skips_left_;
  bool known_ = false;
  uint64_t offset_ = 0;
  int last_chat_ = 0;
  int64_t complete_since_ms_ = 0;
};

void CheckComplete(const MessageDayRecord& day, const StudentRecord& student,
                   const std::map<std::string, ChannelWalk>& walks, Sentences& broken) {
  std::set<int> got;
  for (const ClientEvent& e : student.events) got.insert(e.number);
  for (const std::string& room : student.plan.rooms) {
    const auto walk = walks.find("room:" + room);
    if (walk == walks.end() || walk->second.complete_since_ms() == 0) {
      broken.push_back(absl::StrCat("order: ", student.plan.student_id, " never joined room ", room));
      continue;
    }
    for (const MessageRecord& m : day.messages) {
      const bool chat = m.plan.message_class == MessageClass::kOrdered && m.plan.target == TargetKind::kRoom;
      if (!chat || m.plan.target_value != room || m.message_id.empty()) continue;
      if (m.begin_ms > walk->second.complete_since_ms() && !got.contains(m.plan.number)) {
        broken.push_back(absl::StrCat("order: ", student.plan.student_id, " (", AttendanceName(student.plan.attendance),
                                      ") was told of no hole and has not seen ", NameOf(m)));
      }
    }
  }
}

// What is wrong with one recipient of a message; "": nothing.
std::string WrongRecipient(const MessageRecord& m, const RecipientView& r, bool ours, bool shown) {
  const std::string who = absl::StrCat(r.user_id, "'s part of ", NameOf(m));
  if (r.state == "PENDING") return who + " is pending for ever";
  if (r.state == "DROPPED" && r.reason.empty()) return who + " was dropped for no reason";
  if (r.state == "ACKED" && ours && !shown) return who + " is acked, but the client has not seen it";
  return "";
}

void CheckOneLost(const MessageRecord& m, const std::set<std::string>& shown, const std::set<std::string>& ours,
                  Sentences& broken) {
  std::set<std::string> listed;
  for (const RecipientView& r : m.recipients) {
    listed.insert(r.user_id);
    const std::string wrong = WrongRecipient(m, r, ours.contains(r.user_id), shown.contains(r.user_id));
    if (!wrong.empty()) broken.push_back("lost message: " + wrong);
    // Everybody was there, or came back, while it was good: it has no reason to end unseen.
    const bool lasts = m.plan.ttl_seconds == 0;
    if (r.state == "EXPIRED" && lasts && ours.contains(r.user_id)) {
      broken.push_back(absl::StrCat("lost message: ", r.user_id, "'s part of ", NameOf(m), " expired within the day"));
    }
  }
  for (const std::string& student : m.plan.recipients) {
    if (!listed.contains(student)) {
      broken.push_back(absl::StrCat("lost message: ", NameOf(m), " has no recipient ", student));
    }
  }
}

}  // namespace

int64_t DeliveryView::DroppedSum() const {
  int64_t sum = 0;
  for (const auto& [reason, count] : dropped) sum += count;
  return sum;
}

void DeliveryView::Add(const DeliveryView& other) {
  accepted += other.accepted;
  acked += other.acked;
  vendor += other.vendor;
  expired += other.expired;
  pending += other.pending;
  for (const auto& [reason, count] : other.dropped) dropped[reason] += count;
}

DeliveryView LedgerOf(const std::vector<RecipientView>& recipients) {
  DeliveryView sum;
  for (const RecipientView& r : recipients) {
    ++sum.accepted;
    if (r.state == "ACKED") ++sum.acked;
    if (r.state == "VENDOR") ++sum.vendor;
    if (r.state == "EXPIRED") ++sum.expired;
    if (r.state == "PENDING") ++sum.pending;
    if (r.state == "DROPPED") ++sum.dropped[r.reason];
  }
  return sum;
}

Sentences CheckDeliveryLedger(const MessageDayRecord& day) {
  Sentences broken;
  std::map<std::string, int64_t> published;
  for (const MessageRecord& m : day.messages) {
    if (m.message_id.empty()) continue;
    // Rows of LOSSY and ORDERED messages are written behind: a killed push may lose those of its last moment.
    if (!m.found) {
      if (IsReliable(m) || !day.troubled) broken.push_back(absl::StrCat("delivery ledger: there is no ", NameOf(m)));
      continue;
    }
    if (m.view.state != "SCHEDULED" && !NeverSent(m)) ++published[ClassName(m.plan.message_class)];
    if (!m.delivery.AddsUp()) {
      broken.push_back(absl::StrCat("delivery ledger: ", NameOf(m), ": ", TextOf(m.delivery), ": does not add up"));
    }
    if (IsReliable(m) && !(LedgerOf(m.recipients) == m.delivery)) {
      broken.push_back(absl::StrCat("delivery ledger: ", NameOf(m), ": GetDelivery says ", TextOf(m.delivery),
                                    ", ListRecipients ", TextOf(LedgerOf(m.recipients))));
    }
  }
  for (const auto& [name, c] : day.after.classes) {
    if (!c.delivery.AddsUp()) {
      broken.push_back(
          absl::StrCat("delivery ledger: the day's ", name, ": ", TextOf(c.delivery), ": does not add up"));
    }
  }
  if (day.before.day != day.after.day) return broken;
  for (const auto& [name, count] : published) {
    const auto before = day.before.classes.find(name), after = day.after.classes.find(name);
    const int64_t grown = (after == day.after.classes.end() ? 0 : after->second.messages) -
                          (before == day.before.classes.end() ? 0 : before->second.messages);
    if (grown < count) {
      broken.push_back(absl::StrCat("delivery ledger: the day has ", grown, " more ", name, " messages, want ", count));
    }
  }
  return broken;
}

Sentences CheckNoLostMessage(const MessageDayRecord& day) {
  Sentences broken;
  const std::vector<std::set<std::string>> shown = ShownBy(day);
  std::set<std::string> ours;
  for (const StudentRecord& student : day.students) ours.insert(student.plan.student_id);
  for (const MessageRecord& m : day.messages) {
    if (m.message_id.empty()) broken.push_back(absl::StrCat("lost message: ", NameOf(m), " was never accepted"));
    if (!IsReliable(m) || !m.found || NeverSent(m)) continue;
    CheckOneLost(m, shown[m.plan.number], ours, broken);
  }
  return broken;
}

Sentences CheckShownOnce(const MessageDayRecord& day) {
  Sentences broken;
  for (const StudentRecord& student : day.students) {
    std::unordered_map<int, std::string> shown;
    for (const ClientEvent& e : student.events) {
      if (e.number <= 0 || static_cast<size_t>(e.number) > day.messages.size() || e.seen) continue;
      const MessageRecord& m = day.messages[e.number - 1];
      const auto [it, is_new] = shown.emplace(e.number, e.message_id);
      const std::string who = absl::StrCat(student.plan.student_id, " was shown ", NameOf(m));
      // A request that was repeated after Redis lost its memory may have sent an ORDERED or LOSSY message twice.
      const bool sent_twice = !IsReliable(m) && it->second != e.message_id && (day.troubled || m.tries > 1);
      if (!is_new && !sent_twice)
        broken.push_back(absl::StrCat("shown twice: ", who, " as ", it->second, " and as ", e.message_id));
      if (NeverSent(m)) broken.push_back(absl::StrCat("shown: ", who, ", which was canceled before its time"));
      if (m.scheduled_ms > 0 && e.time_ms < m.scheduled_ms) {
        broken.push_back(absl::StrCat("shown: ", who, " ", m.scheduled_ms - e.time_ms, " ms before its time"));
      }
    }
  }
  return broken;
}

Sentences CheckOrder(const MessageDayRecord& day) {
  Sentences broken;
  std::map<std::string, uint64_t> short_lived;  // Messages with a place, by channel.
  for (const MessageRecord& m : day.messages) {
    if (m.plan.ttl_seconds == 0 || m.plan.message_class == MessageClass::kLossy) continue;
    if (m.plan.target == TargetKind::kUser) ++short_lived["user:" + m.plan.target_value];
    if (m.plan.target == TargetKind::kProduct) ++short_lived["product"];
  }
  for (const StudentRecord& student : day.students) {
    std::map<std::string, ChannelWalk> walks;
    for (const ClientEvent& e : student.events) {
      if (e.channel.empty()) continue;
      const auto found = short_lived.find(e.channel);
      const uint64_t skips = found == short_lived.end() ? 0 : found->second;
      walks.try_emplace(e.channel, student.plan.student_id, e.channel, skips).first->second.Take(e, broken);
    }
    CheckComplete(day, student, walks, broken);
  }
  return broken;
}

Sentences CheckMessageEvents(const MessageDayRecord& day) {
  Sentences broken;
  for (const MessageRecord& m : day.messages) {
    const bool told = IsReliable(m) || m.scheduled_ms > 0;
    if (!told || !m.found) continue;
    const auto event = day.by_events.find(m.message_id);
    if (event == day.by_events.end()) {
      broken.push_back(absl::StrCat("message events: none told of ", NameOf(m)));
    } else if (event->second.state != m.view.state || event->second.version != m.view.version) {
      broken.push_back(absl::StrCat("message events: ", NameOf(m), " is ", event->second.state, " version ",
                                    event->second.version, ", GetMessage answers ", m.view.state, " version ",
                                    m.view.version));
    }
  }
  return broken;
}

Sentences CheckAllMessages(const std::vector<MessageDayRecord>& days) {
  Sentences all;
  for (const MessageDayRecord& day : days) {
    Sentences broken = day.complaints;
    for (const StudentRecord& student : day.students) {
      broken.insert(broken.end(), student.complaints.begin(), student.complaints.end());
    }
    for (const auto check : {CheckDeliveryLedger, CheckNoLostMessage, CheckShownOnce, CheckOrder, CheckMessageEvents}) {
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

bool IsSettled(const std::vector<MessageRecord>& messages, const std::map<std::string, MessageView>& by_events) {
  return std::all_of(messages.begin(), messages.end(), [&](const MessageRecord& m) {
    if (m.message_id.empty() || !IsReliable(m)) return true;
    const auto event = by_events.find(m.message_id);
    return event != by_events.end() && (event->second.state == "COMPLETED" || event->second.state == "CANCELED");
  });
}

}  // namespace trivium::schoolday
