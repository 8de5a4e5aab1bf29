// What a day's messages end in: a table for people, JSON for programs.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "examples/school-day/message_views.h"

namespace trivium::schoolday {

// A product's messages in numbers.
struct MessageSummary {
  std::string product;
  struct ClassRow {
    int64_t messages = 0;
    DeliveryView delivery;
    int64_t shown = 0;  // To clients, by what they recorded.
  };
  std::map<std::string, ClassRow> classes;  // By name.
  int64_t students = 0, json = 0, connects = 0, recovered = 0, unrecovered = 0, repeats = 0;
  double p50_ms = 0, p99_ms = 0;  // From publish to the clients that stayed.
  int64_t events = 0, broken_streams = 0;
};

MessageSummary Summarize(const MessageDayRecord& day);

// Messages by class and fate, and clients.
std::string FormatMessageTables(const std::vector<MessageSummary>& days);

// {classes: {LOSSY: {messages, accepted, acked, vendor, expired, dropped: {reason: n}, pending, shown}, ...}, clients:
// {...}}
nlohmann::json ToJson(const MessageSummary& summary);

}  // namespace trivium::schoolday
