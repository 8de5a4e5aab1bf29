#include "services/ops/domain/panel_query.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/text/view.h"

namespace trivium::ops {
namespace {

// Literal text as a regular expression (RE2), inside a double-quoted PromQL string.
std::string QuoteForMatcher(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  std::string quoted;
  for (const unsigned char c : text) {
    if (kPlain.find(static_cast<char>(c)) != std::string_view::npos) {
      quoted += static_cast<char>(c);
    } else {
      // \x{..} for RE2, its backslash doubled for PromQL: no character of the text is left as it is.
      absl::StrAppend(&quoted, "\\\\x{", absl::Hex(c), "}");
    }
  }
  return quoted;
}

absl::Time FloorTo(absl::Time t, absl::Duration step) {
  const int64_t seconds = absl::ToInt64Seconds(step);
  return absl::FromUnixSeconds(absl::ToUnixSeconds(t) / seconds * seconds);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> RangeViolations(absl::Time start, absl::Time end, int max_points,
                                                                 absl::Time now) {
  std::vector<std::pair<std::string, std::string>> wrong;
  if (max_points != 0 && (max_points < 2 || max_points > 1000)) {
    wrong.emplace_back("max_points", absl::StrCat(max_points, ", want 2 to 1000, or 0"));
  }
  if (start < absl::UnixEpoch()) wrong.emplace_back("start_time", "before 1970, want a later one");
  if (end > now + absl::Minutes(1)) wrong.emplace_back("end_time", "in the future, want at most one minute from now");
  if (start >= end) wrong.emplace_back("end_time", "not after start_time, want a later one");
  if (end - start > kMaxRange) wrong.emplace_back("end_time", "more than 31 days after start_time, want at most 31");
  return wrong;
}

QueryRange PlanRange(absl::Time start, absl::Time end, int max_points, absl::Duration scrape_interval) {
  const int points = max_points == 0 ? kDefaultPoints : max_points;
  const double wanted = std::ceil(absl::ToDoubleSeconds(end - start) / points);
  const absl::Duration step =
      absl::Seconds(std::max(wanted, std::max(1.0, std::ceil(absl::ToDoubleSeconds(scrape_interval)))));
  // rate() needs two samples: four intervals still have two when one scrape is lost.
  const absl::Duration window = std::max({step, 4 * scrape_interval, absl::Seconds(1)});
  return QueryRange{FloorTo(start, step), FloorTo(end, step), step, window};
}

std::string BuildQuery(std::string_view query_template, std::string_view product, absl::Duration window) {
  const std::string matcher = product.empty() ? ".*" : QuoteForMatcher(product);
  const std::string range = absl::StrCat(absl::ToInt64Seconds(window), "s");
  return absl::StrReplaceAll(ToAbsl(query_template), {{"$product", matcher}, {"$window", range}});
}

std::string SeriesLabel(std::string_view label_template, const std::map<std::string, std::string>& labels) {
  std::string text;
  while (!label_template.empty()) {
    const size_t open = label_template.find("{{");
    const size_t close = open == std::string_view::npos ? open : label_template.find("}}", open);
    if (close == std::string_view::npos) break;
    text += label_template.substr(0, open);
    const auto found = labels.find(std::string(label_template.substr(open + 2, close - open - 2)));
    if (found != labels.end()) text += found->second;
    label_template.remove_prefix(close + 2);
  }
  return text.append(label_template);
}

Samples OnGrid(const QueryRange& range, const std::vector<std::pair<double, double>>& points) {
  const double start = static_cast<double>(absl::ToUnixSeconds(range.start)), step = absl::ToDoubleSeconds(range.step);
  const size_t count = static_cast<size_t>((range.end - range.start) / range.step) + 1;
  Samples samples;
  samples.values.assign(count, std::numeric_limits<double>::quiet_NaN());
  for (size_t i = 0; i < count; ++i) samples.times.push_back(start + static_cast<double>(i) * step);
  for (const auto& [time, value] : points) {
    const double index = std::round((time - start) / step);
    if (index >= 0 && index < static_cast<double>(count)) samples.values[static_cast<size_t>(index)] = value;
  }
  return samples;
}

}  // namespace trivium::ops
