#include "services/live/day_counter.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::live {

void DayCounter::Refused(const std::string& product, const std::string& day, const std::string& reason) {
  MutexLock lock(mu_);
  ++waiting_[{product, day}][{"refusals", reason}];
}

bool DayCounter::Report(const std::string& product, const std::string& day, const Id& join_id, Rung rung,
                        const v1::QoeReport& report) {
  {
    MutexLock lock(mu_);
    const auto [last, is_new] = last_report_.try_emplace(join_id, 0);
    if (is_new) order_.push_back(join_id);
    if (report.sequence() <= last->second) return false;
    last->second = report.sequence();
    if (order_.size() > kMaxStays) {
      last_report_.erase(order_.front());
      order_.pop_front();
    }
    DayCounts& counts = waiting_[{product, day}];
    const std::string what = absl::StrCat("qoe/", static_cast<int>(rung));
    ++counts[{what, kQoeReports}];
    const auto* descriptor = v1::QoeReport::descriptor();
    for (const char* field : kQoeFields) {
      const int64_t value = report.GetReflection()->GetInt64(report, descriptor->FindFieldByName(field));
      if (value != 0) counts[{what, field}] += value;
    }
  }
  if (!report.has_join_steps()) return true;
  const v1::JoinSteps& steps = report.join_steps();
  for (const auto& [step, ms] :
       {std::pair("token", steps.token_ms()), std::pair("signalling", steps.signalling_ms()),
        std::pair("connected", steps.connected_ms()), std::pair("first_frame", steps.first_frame_ms())}) {
    if (ms > 0) metrics_.JoinStep(product, step, absl::Milliseconds(ms));
  }
  if (steps.canceled()) metrics_.GaveUp(product);
  return true;
}

absl::Status DayCounter::Flush(absl::Time deadline) {
  std::map<Key, DayCounts> taken;
  {
    MutexLock lock(mu_);
    taken.swap(waiting_);
  }
  std::vector<DayAddition> items;
  for (const auto& [key, counts] : taken) items.push_back({key.first, key.second, counts});
  const absl::Status status = items.empty() ? absl::OkStatus() : store_.AddCounts(items, deadline);
  // Nothing comes twice: a commit whose answer was lost is taken for done.
  const bool may_be_done = status.ok() || status.code() == absl::StatusCode::kUnknown;
  MutexLock lock(mu_);
  if (!may_be_done) {
    for (const auto& [key, counts] : taken) {
      for (const auto& [what, value] : counts) waiting_[key][what] += value;
    }
  }
  size_t waiting = 0;
  for (const auto& [key, counts] : waiting_) waiting += counts.size();
  metrics_.CountsWaiting(waiting);
  return status;
}

}  // namespace trivium::live
