// The route plan 调度: product x service -> ordered cells, and its rules. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace trivium::control::domain {

// Stands for every product without a route of its own.
inline constexpr std::string_view kAnyProduct = "*";
inline constexpr size_t kMaxCells = 8, kMaxCanaryVersion = 64;

// A share of a cell's calls for the instances of one version 灰度; none: an empty version.
struct Canary {
  std::string version;
  int percent = 0;

  bool operator==(const Canary&) const = default;
};

struct RouteCell {
  std::string cell;
  bool drained = false;
  Canary canary = {};

  bool operator==(const RouteCell&) const = default;
};

struct Route {
  std::string product, service;
  std::vector<RouteCell> cells;  // In order: the first is the home cell.
  int64_t epoch = 0;             // The plan's, when this route last changed.

  bool operator==(const Route&) const = default;
};

struct Plan {
  int64_t epoch = 0;
  std::vector<Route> routes;  // Ordered by service and product.
  absl::Time update_time = absl::UnixEpoch();

  bool operator==(const Plan&) const = default;
};

// Field path and what is wrong: "value, want ...".
using Violations = std::vector<std::pair<std::string, std::string>>;

// Checks the cells of a route: 1-8, each known and once, not all drained, canaries with a version and a share of 0-100.
// path: of the repeated field.
Violations CheckCells(std::string_view path, const std::vector<RouteCell>& cells,
                      const std::vector<std::string>& known_cells);

// The row of exactly this product, or nullptr.
const Route* FindRoute(const Plan& plan, std::string_view product, std::string_view service);
// Sets or adds a route; its epoch and the plan's grow by one. Returns the route as it is now.
const Route& SetRoute(Plan* plan, std::string_view product, std::string_view service, std::vector<RouteCell> cells,
                      absl::Time now);
// Takes a route away; the plan's epoch grows by one. false: there is none, nothing changed.
bool DeleteRoute(Plan* plan, std::string_view product, std::string_view service, absl::Time now);

// Cells that take calls of a product, in order: its own route, else the "*" route, else all of default_cells. Drained
// ones are left out, but never all.
std::vector<RouteCell> ServingCells(const Plan& plan, std::string_view product, std::string_view service,
                                    const std::vector<std::string>& default_cells);

}  // namespace trivium::control::domain
