#include "examples/school-day/report.h"

#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace trivium::schoolday {

DaySummary Summarize(const DayRecord& day) {
  DaySummary s;
  s.product = day.product;
  std::set<std::string> students;
  for (const OrderRecord& order : day.orders) students.insert(order.plan.student_id);
  s.students = static_cast<int64_t>(students.size());
  s.orders = static_cast<int64_t>(day.orders.size());
  s.payments = static_cast<int64_t>(day.payments.size());
  s.settle_seconds = day.settle_seconds;
  for (const auto& [id, payment] : day.payments) {
    if (payment.state == "SUCCEEDED") {
      ++s.paid_count;
      s.paid_minor += payment.amount_minor;
      s.late += payment.late ? 1 : 0;
    }
    s.failed += payment.state == "FAILED" ? 1 : 0;
    s.expired += payment.state == "EXPIRED" ? 1 : 0;
    s.canceled += payment.state == "CANCELED" ? 1 : 0;
  }
  for (const auto& [id, refund] : day.refunds) {
    if (refund.state != "SUCCEEDED") continue;
    const bool returned = refund.origin == "AMOUNT_MISMATCH";
    (returned ? s.returned_count : s.refunded_count) += 1;
    (returned ? s.returned_minor : s.refunded_minor) += refund.amount_minor;
  }
  for (const LedgerView& ledger : day.ledgers) {
    s.ledger_debits_minor += ledger.debits_minor;
    s.ledger_credits_minor += ledger.credits_minor;
  }
  return s;
}

std::string Yuan(int64_t minor) {
  const uint64_t absolute = minor < 0 ? 0 - static_cast<uint64_t>(minor) : static_cast<uint64_t>(minor);
  const std::string digits = absl::StrCat(absolute / 100);
  std::string text = minor < 0 ? "-" : "";
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  absl::StrAppendFormat(&text, ".%02d", absolute % 100);
  return text;
}

namespace {

// A line for each API, with the products side by side.
void AppendCalls(const std::vector<DaySummary>& days, std::string* out) {
  absl::StrAppendFormat(out, "\n%-16s", "API");
  for (const DaySummary& d : days) {
    absl::StrAppendFormat(out, "  %16s %7s %7s %8s", d.product + " calls", "retries", "p50 ms", "p99 ms");
  }
  std::set<std::string> apis;
  for (const DaySummary& d : days) {
    for (const auto& [api, l] : d.latencies) apis.insert(api);
  }
  for (const std::string& api : apis) {
    absl::StrAppendFormat(out, "\n%-16s", api);
    for (const DaySummary& d : days) {
      const auto found = d.latencies.find(api);
      const LatencySummary l = found == d.latencies.end() ? LatencySummary() : found->second;
      absl::StrAppendFormat(out, "  %16d %7d %7.1f %8.1f", l.calls, l.retries, l.p50_ms, l.p99_ms);
    }
  }
  absl::StrAppend(out, "\n");
}

}  // namespace

std::string FormatTables(const std::vector<DaySummary>& days) {
  std::string out = absl::StrFormat("%-12s %8s %7s %9s %6s %14s %8s %13s %5s %7s %7s %8s  %s\n", "product", "students",
                                    "orders", "payments", "paid", "paid yuan", "refunds", "refunded yuan", "late",
                                    "expired", "failed", "canceled", "ledger: debits = credits, yuan since ever");
  for (const DaySummary& d : days) {
    absl::StrAppendFormat(&out, "%-12s %8d %7d %9d %6d %14s %8d %13s %5d %7d %7d %8d  %s %s %s\n", d.product,
                          d.students, d.orders, d.payments, d.paid_count, Yuan(d.paid_minor), d.refunded_count,
                          Yuan(d.refunded_minor), d.late, d.expired, d.failed, d.canceled, Yuan(d.ledger_debits_minor),
                          d.ledger_debits_minor == d.ledger_credits_minor ? "=" : "is not",
                          Yuan(d.ledger_credits_minor));
  }
  std::vector<MessageSummary> messages;
  for (const DaySummary& d : days) messages.push_back(d.messages);
  std::vector<ClassSummary> classes;
  for (const DaySummary& d : days) classes.push_back(d.classes);
  absl::StrAppend(&out, "\n", FormatMessageTables(messages), "\n", FormatClassTables(classes));
  AppendCalls(days, &out);
  return out;
}

std::string FormatJson(const RunFacts& facts, const std::vector<DaySummary>& days,
                       const std::vector<std::string>& broken) {
  using nlohmann::json;
  json products = json::array();
  for (const DaySummary& d : days) {
    json apis = json::object();
    for (const auto& [api, l] : d.latencies) {
      apis[api] = {{"calls", l.calls}, {"retries", l.retries}, {"p50_ms", l.p50_ms}, {"p99_ms", l.p99_ms}};
    }
    products.push_back({{"product", d.product},
                        {"students", d.students},
                        {"orders", d.orders},
                        {"payments", d.payments},
                        {"paid_count", d.paid_count},
                        {"paid_minor", d.paid_minor},
                        {"refunded_count", d.refunded_count},
                        {"refunded_minor", d.refunded_minor},
                        {"returned_count", d.returned_count},
                        {"returned_minor", d.returned_minor},
                        {"late", d.late},
                        {"failed", d.failed},
                        {"expired", d.expired},
                        {"canceled", d.canceled},
                        {"ledger_debits_minor", d.ledger_debits_minor},
                        {"ledger_credits_minor", d.ledger_credits_minor},
                        {"events", d.events},
                        {"broken_streams", d.broken_streams},
                        {"settle_seconds", d.settle_seconds},
                        {"messages", ToJson(d.messages)},
                        {"classes", ToJson(d.classes)},
                        {"apis", apis}});
  }
  const json report = {{"schema", "trivium.school-day/1"},
                       {"run_id", facts.run_id},
                       {"seed", facts.seed},
                       {"seconds", facts.seconds},
                       {"products", products},
                       {"broken", broken},
                       {"ok", broken.empty()}};
  return report.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace trivium::schoolday
