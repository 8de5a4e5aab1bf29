#include "services/control/domain/plan.h"

#include <algorithm>
#include <set>

namespace trivium::control::domain {
namespace {

bool Before(const Route& a, const Route& b) {
  return std::pair(a.service, a.product) < std::pair(b.service, b.product);
}

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

void CheckCanary(const std::string& path, const Canary& canary, Violations* violations) {
  if (canary.percent < 0 || canary.percent > 100)
    violations->emplace_back(path + ".percent", std::to_string(canary.percent) + ", want 0 to 100");
  if (canary.version.size() > kMaxCanaryVersion || (canary.version.empty() && canary.percent != 0))
    violations->emplace_back(path + ".version", "\"" + canary.version + "\", want 1-64 characters");
}

}  // namespace

Violations CheckCells(std::string_view path, const std::vector<RouteCell>& cells,
                      const std::vector<std::string>& known_cells) {
  Violations violations;
  const std::string base(path);
  if (cells.empty() || cells.size() > kMaxCells) {
    violations.emplace_back(base, std::to_string(cells.size()) + " cells, want 1 to " + std::to_string(kMaxCells));
    return violations;
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string field = base + "[" + std::to_string(i) + "].cell";
    if (std::find(known_cells.begin(), known_cells.end(), cells[i].cell) == known_cells.end()) {
      violations.emplace_back(field, "\"" + cells[i].cell + "\", want one of " + Joined(known_cells));
    } else if (!seen.insert(cells[i].cell).second) {
      violations.emplace_back(field, "\"" + cells[i].cell + "\" twice, want each cell once");
    }
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    CheckCanary(base + "[" + std::to_string(i) + "].canary", cells[i].canary, &violations);
  }
  if (std::all_of(cells.begin(), cells.end(), [](const RouteCell& cell) { return cell.drained; })) {
    violations.emplace_back(base, "all drained, want at least one that takes calls");
  }
  return violations;
}

const Route* FindRoute(const Plan& plan, std::string_view product, std::string_view service) {
  for (const Route& route : plan.routes) {
    if (route.product == product && route.service == service) return &route;
  }
  return nullptr;
}

const Route& SetRoute(Plan* plan, std::string_view product, std::string_view service, std::vector<RouteCell> cells,
                      absl::Time now) {
  ++plan->epoch;
  plan->update_time = now;
  Route route{std::string(product), std::string(service), std::move(cells), plan->epoch};
  auto place = std::lower_bound(plan->routes.begin(), plan->routes.end(), route, Before);
  if (place != plan->routes.end() && !Before(route, *place)) {
    *place = std::move(route);
    return *place;
  }
  return *plan->routes.insert(place, std::move(route));
}

bool DeleteRoute(Plan* plan, std::string_view product, std::string_view service, absl::Time now) {
  if (std::erase_if(plan->routes, [&](const Route& r) { return r.product == product && r.service == service; }) == 0) {
    return false;
  }
  ++plan->epoch;
  plan->update_time = now;
  return true;
}

std::vector<RouteCell> ServingCells(const Plan& plan, std::string_view product, std::string_view service,
                                    const std::vector<std::string>& default_cells) {
  const Route* route = FindRoute(plan, product, service);
  if (route == nullptr) route = FindRoute(plan, kAnyProduct, service);
  std::vector<RouteCell> serving;
  if (route == nullptr) {
    for (const std::string& cell : default_cells) serving.push_back({cell});
    return serving;
  }
  for (const RouteCell& cell : route->cells) {
    if (!cell.drained) serving.push_back(cell);
  }
  return serving.empty() ? route->cells : serving;
}

}  // namespace trivium::control::domain
