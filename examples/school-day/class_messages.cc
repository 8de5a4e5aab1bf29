#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/school-day/class_room.h"

namespace trivium::schoolday {
namespace {

// A product may have users of other days, who never come: then it ends by its time.
constexpr int kNoticeLife = 60;
constexpr size_t kMembersOfOneCall = 5'000;

}  // namespace

ClassMessageRecord ClassMessages::Begin(int room, const std::string& kind, bool reliable,
                                        std::vector<std::string> recipients) {
  MutexLock lock(mu_);
  ClassMessageRecord record;
  record.number = static_cast<int>(records_.size()) + 1;
  record.room = room;
  record.kind = kind;
  record.reliable = reliable;
  record.recipients = std::move(recipients);
  record.begin_ms = absl::ToUnixMillis(absl::Now());
  records_.push_back(record);
  return record;
}

absl::Status ClassMessages::Say(int room, const std::string& room_id, const std::string& kind, bool reliable,
                                std::vector<std::string> recipients) {
  const ClassMessageRecord record = Begin(room, kind, reliable, std::move(recipients));
  const std::vector<std::string>& to = record.recipients;
  // Who is in is a member from now on: a quiz waits for whose connection has just broken.
  for (size_t i = 0; room >= 0 && i < to.size(); i += kMembersOfOneCall) {
    const auto end = to.begin() + static_cast<ptrdiff_t>(std::min(to.size(), i + kMembersOfOneCall));
    const absl::Status added = push_.AddRoomMembers(absl::StrCat(campus_.run_id, ":in:", record.number, ":", i),
                                                    room_id, {to.begin() + static_cast<ptrdiff_t>(i), end});
    if (!added.ok()) return added;
  }
  PlannedMessage message;
  message.message_class = reliable ? MessageClass::kReliable : MessageClass::kOrdered;
  message.target = room < 0 ? TargetKind::kProduct : TargetKind::kRoom;
  message.target_value = room_id;
  if (room < 0) message.ttl_seconds = kNoticeLife;
  const std::string data =
      nlohmann::json({{"product", campus_.product}, {"run", campus_.run_id}, {"class", record.number}, {"kind", kind}})
          .dump();
  int tries = 0;
  const auto answer = push_.Publish({absl::StrCat(campus_.run_id, ":class:", record.number), &message, data}, &tries);
  MutexLock lock(mu_);
  ClassMessageRecord& known = records_[record.number - 1];
  known.end_ms = absl::ToUnixMillis(absl::Now());
  if (answer.ok()) known.message_id = answer->message_id;
  if (tries > 1) troubled_ = true;
  return answer.status();
}

bool ClassMessages::ReadFates() {
  bool all = true;
  for (ClassMessageRecord& record : records()) {
    if (!record.reliable || record.message_id.empty()) continue;
    const auto recipients = push_.ListRecipients(record.message_id);
    if (!recipients.ok()) return false;
    std::map<std::string, std::string> fates;
    for (const RecipientView& r : *recipients) fates[r.user_id] = r.state;
    for (const std::string& user : record.recipients) all = all && fates[user] == "ACKED";
    MutexLock lock(mu_);
    records_[record.number - 1].fates = std::move(fates);
  }
  return all;
}

std::vector<ClassMessageRecord> ClassMessages::records() const {
  MutexLock lock(mu_);
  return records_;
}

bool ClassMessages::was_troubled() const {
  MutexLock lock(mu_);
  return troubled_;
}

}  // namespace trivium::schoolday
