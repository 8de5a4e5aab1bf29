// The plan of a day's messages: what the backends publish, to whom, and how each student's connection behaves.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "examples/school-day/school.h"

namespace trivium::schoolday {

enum class MessageClass { kLossy, kOrdered, kReliable };
inline constexpr MessageClass kMessageClasses[] = {MessageClass::kLossy, MessageClass::kOrdered,
                                                   MessageClass::kReliable};
const char* ClassName(MessageClass c);  // "LOSSY"

enum class MessageKind {
  kLike,         // 点赞 to a room, LOSSY.
  kChat,         // 聊天 to a room, ORDERED; published one after the other.
  kRollCall,     // 点名 to a room, RELIABLE.
  kQuiz,         // 答题 to a room, RELIABLE.
  kHomework,     // 作业 to a user, RELIABLE.
  kMovedLesson,  // 调课 to an audience, RELIABLE.
  kNotice,       // 公告 to the whole product, each class once.
};
const char* KindName(MessageKind kind);

enum class TargetKind { kUser, kRoom, kAudience, kProduct };

// What is special about a message.
enum class Special {
  kNone,
  kSameRequestTwice,   // The backend sends the request again: the same message must be the answer.
  kDedupeKey,          // Another request with the same dedupe key: the first message must be the answer.
  kCollapse,           // A later message with the same collapse key takes its place.
  kShortLife,          // Is of no use after 3 s.
  kVendor,             // Goes to a vendor when it is not acknowledged for 5 s.
  kScheduled,          // Is sent 2 s later.
  kScheduledCanceled,  // Is scheduled, and canceled before its time: nobody may see it.
  kCanceled,           // Is canceled after it was sent.
};
const char* SpecialName(Special special);

struct PlannedMessage {
  int number = 0;  // From 1 in the order of publishing, as far as there is one: unique in the product's day.
  int burst = 0;
  bool second_half = false;  // Of its burst: after connections have broken.
  MessageKind kind = MessageKind::kLike;
  MessageClass message_class = MessageClass::kLossy;
  TargetKind target = TargetKind::kRoom;
  std::string target_value;  // Room, user or expression.
  Special special = Special::kNone;
  std::string key;      // Of kDedupeKey and kCollapse.
  int ttl_seconds = 0;  // 0: as the profile says.
  bool high_priority = false;
  std::vector<std::string> recipients;  // RELIABLE: students who must be in the ledger, sorted.
};

// How a student's connection behaves.
enum class Attendance {
  kStays,
  kBreaks,          // The TCP connection is reset in the middle of bursts, and comes back within a second or two.
  kAway,            // Leaves with the first burst; back after messages have expired, or gone to a vendor.
  kNegligent,       // A stock client that acknowledges nothing; the app is started anew near the end, with our SDK.
  kAcksByPosition,  // A stock client whose application acknowledges positions after each burst.
};
inline constexpr int kAttendanceCount = 5;
const char* AttendanceName(Attendance attendance);

struct Attendant {
  std::string student_id;
  std::vector<std::string> rooms;
  std::map<std::string, std::string> tags;
  Attendance attendance = Attendance::kStays;
  bool json = false;  // The form of the protocol.
  int odd = 0;        // 0 or 1: which bursts break.
};

inline constexpr int kBursts = 5;
inline constexpr int kBurstSeconds = 5;  // From one burst's begin to the next one's.
inline constexpr int kReturnBurst = 3;   // In which those who were away, and the negligent, come back.

struct MessagePlan {
  std::string run_id, product;
  std::vector<Attendant> attendants;
  std::map<std::string, std::vector<std::string>> rooms;  // Members by room, sorted.
  std::vector<PlannedMessage> messages;                   // By number.
};

// The plan depends on school, run_id and seed alone. A third of the students breaks.
MessagePlan MakeMessagePlan(const School& school, const std::string& run_id, uint64_t seed);

// An id of the data as push and gateway take it: 1-64 characters of A-Z a-z 0-9 . _ -.
std::string PushName(const std::string& id);
// The lesson of a course on this day: another day in the same database has other rooms.
std::string RoomOf(const std::string& course_id, const std::string& run_id);
// Idempotency key of the nth call of a kind for a message.
std::string MessageRequestId(const MessagePlan& plan, const PlannedMessage& message, const std::string& kind);

}  // namespace trivium::schoolday
