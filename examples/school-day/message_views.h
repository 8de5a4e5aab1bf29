// What the day knows of messages: plain values that the checks work on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "examples/school-day/message_plan.h"

namespace trivium::schoolday {

// A ledger, as the API shows it.
struct DeliveryView {
  int64_t accepted = 0, acked = 0, vendor = 0, expired = 0, pending = 0;
  std::map<std::string, int64_t> dropped;  // By reason.

  bool operator==(const DeliveryView&) const = default;
  int64_t DroppedSum() const;
  bool AddsUp() const { return accepted == acked + vendor + expired + DroppedSum() + pending; }
  void Add(const DeliveryView& other);
};

struct MessageView {
  std::string message_id, message_class, state;  // "RELIABLE", "COMPLETED".
  int64_t version = 0;
};

struct RecipientView {
  std::string user_id, state, reason;  // "ACKED".
};

struct ClassDayView {
  int64_t messages = 0;
  DeliveryView delivery;
};
struct PushDayView {
  std::string day;
  std::map<std::string, ClassDayView> classes;  // By name.
};

// What the driver did for a message, and what became of it.
struct MessageRecord {
  PlannedMessage plan;
  std::string message_id;    // "": it was not accepted.
  int64_t begin_ms = 0;      // Unix time of the first try.
  int64_t scheduled_ms = 0;  // 0: at once.
  bool canceled = false;     // CancelMessage said so.
  int tries = 0;             // More than the API's calls: something was not answered.
  // At the end.
  bool found = false;
  MessageView view;
  DeliveryView delivery;
  std::vector<RecipientView> recipients;  // RELIABLE.
};

// One thing that happened to a student's client, in its order.
struct ClientEvent {
  enum class Kind { kMessage, kJoined, kLost } kind = Kind::kMessage;
  std::string channel;
  int64_t time_ms = 0;
  // kMessage.
  int number = 0;        // Of the plan; 0: of another day.
  int class_number = 0;  // Of a class's message, likewise.
  std::string message_id, message_class;
  uint64_t offset = 0;  // Also of kJoined.
  bool seen = false;    // Our SDK shows it no more.
  std::string text;     // Of a class's room: what it said.
  // kJoined.
  bool was_recovering = false, recovered = false;
};

struct StudentRecord {
  Attendant plan;
  std::vector<ClientEvent> events;
  std::vector<std::string> complaints;  // Of other products' messages, and what was not of the protocol.
  int64_t connects = 0, recovered = 0, unrecovered = 0, repeats = 0, acked = 0;
  std::vector<float> latency_ms;  // From publish to the client, of what was first seen.
};

// Everything that is judged of a product's messages.
struct MessageDayRecord {
  std::string product, run_id;
  std::vector<MessageRecord> messages;  // By number.
  std::vector<StudentRecord> students;
  std::map<std::string, MessageView> by_events;  // By message id; also of others' messages.
  PushDayView before, after;                     // The product's day.
  bool troubled = false;                         // Some call was not answered at first: something was killed, or slow.
  std::vector<std::string> complaints;
  int64_t events = 0, broken_streams = 0;
};

}  // namespace trivium::schoolday
