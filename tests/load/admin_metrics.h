// Metrics of a process, from its admin pages.
#pragma once

#include <string>
#include <string_view>

namespace trivium::load {

// The sum of the series of a metric in Prometheus' text format whose labels contain `label` ("code=\"3008\""; "": all).
double SumOfMetrics(std::string_view text, std::string_view name, std::string_view label = "");
// The same, of the admin pages at a URL; -1 when they cannot be read.
double ReadMetric(const std::string& admin, std::string_view name, std::string_view label = "");

}  // namespace trivium::load
