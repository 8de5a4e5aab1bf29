// Kind of the config items that hold product profiles.
#pragma once

namespace trivium {

inline constexpr char kProfileKind[] = "product_profile";

}  // namespace trivium
