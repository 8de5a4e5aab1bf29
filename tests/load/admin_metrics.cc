#include "tests/load/admin_metrics.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "libs/http/client.h"
#include "libs/text/view.h"

namespace trivium::load {

double SumOfMetrics(std::string_view text, std::string_view name, std::string_view label) {
  double sum = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(name)) continue;
    const std::string_view rest = line.substr(name.size());
    const size_t space = rest.rfind(' ');
    if (space == std::string_view::npos || (rest[0] != '{' && space != 0)) continue;
    double value = 0;
    const bool wanted = rest.substr(0, space).find(label) != std::string_view::npos;
    if (wanted && absl::SimpleAtod(ToAbsl(rest.substr(space + 1)), &value)) sum += value;
  }
  return sum;
}

double ReadMetric(const std::string& admin, std::string_view name, std::string_view label) {
  static http::Client* client = new http::Client(1);
  const auto response = client->Send({.url = admin + "/metrics"});
  if (!response.ok() || response->status != 200) return -1;
  return SumOfMetrics(response->body, name, label);
}

}  // namespace trivium::load
