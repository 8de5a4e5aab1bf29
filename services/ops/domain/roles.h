// Who sees and changes what. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trivium::ops {

enum class Role { kOwner, kPlatformViewer, kPlatformAdmin };

// "owner", "platform_viewer", "platform_admin", and back.
std::string_view RoleName(Role role);
std::optional<Role> ParseRole(std::string_view name);

// Who asks: a signed-in person, or an operator by certificate.
struct Viewer {
  std::string actor;  // "person:alice", "operator:dev": what an audit says.
  Role role = Role::kOwner;
  std::vector<std::string> products;  // An owner's.

  bool SeesPlatform() const { return role != Role::kOwner; }
  bool MayChange() const { return role == Role::kPlatformAdmin; }
  bool Sees(std::string_view product) const;
};

// Of all products, those that the viewer sees, in their order.
std::vector<std::string> VisibleProducts(const Viewer& viewer, const std::vector<std::string>& all);

}  // namespace trivium::ops
