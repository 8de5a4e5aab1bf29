// A panel's PromQL for one product and one range. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace trivium::ops {

struct QueryRange {
  absl::Time start, end;  // Multiples of step.
  absl::Duration step, window;
};

inline constexpr int kDefaultPoints = 120;
inline constexpr absl::Duration kMaxRange = absl::Hours(24 * 31);

// What is wrong with a request's range: field, and "value, want ...". max_points: 0 or 2-1000.
std::vector<std::pair<std::string, std::string>> RangeViolations(absl::Time start, absl::Time end, int max_points,
                                                                 absl::Time now);
// The range, which has no violations, on the grid of its step, so that a chart's points stay where they are while time
// goes on.
QueryRange PlanRange(absl::Time start, absl::Time end, int max_points, absl::Duration scrape_interval);

// Puts product and window into a template. product: "" means all. Any other text is matched literally, whatever it
// holds: it can close no string and open no expression.
std::string BuildQuery(std::string_view query_template, std::string_view product, absl::Duration window);

// "{{service}} {{method}}" with the labels of a series.
std::string SeriesLabel(std::string_view label_template, const std::map<std::string, std::string>& labels);

struct Samples {
  std::vector<double> times, values;
};
// Points on the range's grid; NaN where nothing was measured, so that a chart shows a gap.
Samples OnGrid(const QueryRange& range, const std::vector<std::pair<double, double>>& points);

}  // namespace trivium::ops
