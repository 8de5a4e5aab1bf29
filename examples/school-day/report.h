// What a day ends in: tables for people, JSON for programs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "examples/school-day/class_report.h"
#include "examples/school-day/latency.h"
#include "examples/school-day/message_report.h"
#include "examples/school-day/views.h"

namespace trivium::schoolday {

// A product's day in numbers.
struct DaySummary {
  std::string product;
  int64_t students = 0, orders = 0, payments = 0;
  int64_t paid_count = 0, paid_minor = 0;          // SUCCEEDED, late ones included.
  int64_t refunded_count = 0, refunded_minor = 0;  // Refunds that SUCCEEDED of these.
  int64_t returned_count = 0, returned_minor = 0;  // Wrongly taken amounts that went back.
  int64_t late = 0, failed = 0, expired = 0, canceled = 0;
  int64_t ledger_debits_minor = 0, ledger_credits_minor = 0;  // Since ever.
  int64_t events = 0, broken_streams = 0;
  double settle_seconds = 0;
  std::map<std::string, LatencySummary> latencies;
  MessageSummary messages;
  ClassSummary classes;
};

DaySummary Summarize(const DayRecord& day);

// 123456 -> "1,234.56".
std::string Yuan(int64_t minor);

// The tables: products, messages, clients, classes, and calls.
std::string FormatTables(const std::vector<DaySummary>& days);

struct RunFacts {
  std::string run_id;
  uint64_t seed = 0;
  double seconds = 0;
};
// Schema "trivium.school-day/1": run, products with every number above, broken (sentences), ok.
std::string FormatJson(const RunFacts& facts, const std::vector<DaySummary>& days,
                       const std::vector<std::string>& broken);

}  // namespace trivium::schoolday
