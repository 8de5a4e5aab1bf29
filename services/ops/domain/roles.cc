#include "services/ops/domain/roles.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace trivium::ops {
namespace {

constexpr std::pair<Role, std::string_view> kRoles[] = {
    {Role::kOwner, "owner"},
    {Role::kPlatformViewer, "platform_viewer"},
    {Role::kPlatformAdmin, "platform_admin"},
};

}  // namespace

std::string_view RoleName(Role role) {
  for (const auto& [candidate, name] : kRoles) {
    if (candidate == role) return name;
  }
  return "";
}

std::optional<Role> ParseRole(std::string_view name) {
  for (const auto& [role, candidate] : kRoles) {
    if (candidate == name) return role;
  }
  return std::nullopt;
}

bool Viewer::Sees(std::string_view product) const {
  return SeesPlatform() || std::find(products.begin(), products.end(), product) != products.end();
}

std::vector<std::string> VisibleProducts(const Viewer& viewer, const std::vector<std::string>& all) {
  std::vector<std::string> visible;
  std::copy_if(all.begin(), all.end(), std::back_inserter(visible),
               [&](const std::string& p) { return viewer.Sees(p); });
  return visible;
}

}  // namespace trivium::ops
