#include "examples/school-day/message_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/school-day/latency.h"

namespace trivium::schoolday {
namespace {

std::string DroppedText(const DeliveryView& delivery) {
  std::string text;
  for (const auto& [reason, count] : delivery.dropped) {
    if (count > 0) absl::StrAppend(&text, text.empty() ? "" : ", ", reason, " ", count);
  }
  return text;
}

}  // namespace

MessageSummary Summarize(const MessageDayRecord& day) {
  MessageSummary s;
  s.product = day.product;
  s.events = day.events;
  s.broken_streams = day.broken_streams;
  for (const MessageRecord& m : day.messages) {
    if (!m.found) continue;
    MessageSummary::ClassRow& row = s.classes[ClassName(m.plan.message_class)];
    ++row.messages;
    row.delivery.Add(m.delivery);
  }
  std::vector<float> latencies;
  for (const StudentRecord& student : day.students) {
    ++s.students;
    s.json += student.plan.json ? 1 : 0;
    s.connects += student.connects;
    s.recovered += student.recovered;
    s.unrecovered += student.unrecovered;
    s.repeats += student.repeats;
    latencies.insert(latencies.end(), student.latency_ms.begin(), student.latency_ms.end());
    for (const ClientEvent& e : student.events) {
      if (e.number > 0 && !e.seen) ++s.classes[e.message_class].shown;
    }
  }
  s.p50_ms = Quantile(latencies, 0.5);
  s.p99_ms = Quantile(std::move(latencies), 0.99);
  return s;
}

std::string FormatMessageTables(const std::vector<MessageSummary>& days) {
  std::string out =
      absl::StrFormat("%-12s %-10s %9s %10s %9s %8s %8s %8s %8s %9s  %s\n", "product", "class", "messages", "accepted",
                      "acked", "vendor", "expired", "dropped", "pending", "shown", "dropped because");
  for (const MessageSummary& s : days) {
    for (const auto& [name, row] : s.classes) {
      const DeliveryView& d = row.delivery;
      absl::StrAppendFormat(&out, "%-12s %-10s %9d %10d %9d %8d %8d %8d %8d %9d  %s\n", s.product, name, row.messages,
                            d.accepted, d.acked, d.vendor, d.expired, d.DroppedSum(), d.pending, row.shown,
                            DroppedText(d));
    }
  }
  absl::StrAppendFormat(&out, "\n%-12s %9s %6s %9s %10s %16s %17s %10s %10s\n", "product", "students", "JSON",
                        "connects", "recovered", "told of a hole", "repeats dropped", "p50 ms", "p99 ms");
  for (const MessageSummary& s : days) {
    absl::StrAppendFormat(&out, "%-12s %9d %6d %9d %10d %16d %17d %10.1f %10.1f\n", s.product, s.students, s.json,
                          s.connects, s.recovered, s.unrecovered, s.repeats, s.p50_ms, s.p99_ms);
  }
  return out;
}

nlohmann::json ToJson(const MessageSummary& s) {
  nlohmann::json classes = nlohmann::json::object();
  for (const auto& [name, row] : s.classes) {
    const DeliveryView& d = row.delivery;
    classes[name] = {{"messages", row.messages}, {"accepted", d.accepted}, {"acked", d.acked},
                     {"vendor", d.vendor},       {"expired", d.expired},   {"dropped", d.dropped},
                     {"pending", d.pending},     {"shown", row.shown}};
  }
  return {{"classes", classes},
          {"clients",
           {{"students", s.students},
            {"json", s.json},
            {"connects", s.connects},
            {"recovered", s.recovered},
            {"unrecovered", s.unrecovered},
            {"repeats", s.repeats},
            {"p50_ms", s.p50_ms},
            {"p99_ms", s.p99_ms}}},
          {"events", s.events},
          {"broken_streams", s.broken_streams}};
}

}  // namespace trivium::schoolday
