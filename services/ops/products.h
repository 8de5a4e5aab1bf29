// Products by their profiles in control: the last good ones when control is away.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trivium::control_client {
class ConfigWatcher;
}

namespace trivium::ops {

inline constexpr char kProfileKind[] = "product_profile";

struct ProductNames {
  std::string product, display_name_zh, display_name_en, time_zone;
  bool pays = false, sends_messages = false, has_clients = false, has_rooms = false;
};

// Thread-safe.
class Products {
 public:
  virtual ~Products() = default;
  // Ordered by name.
  virtual std::vector<std::string> All() const = 0;
  virtual std::optional<ProductNames> Find(std::string_view product) const = 0;
};

class ConfigProducts : public Products {
 public:
  explicit ConfigProducts(const control_client::ConfigWatcher& watcher) : watcher_(watcher) {}
  std::vector<std::string> All() const override;
  std::optional<ProductNames> Find(std::string_view product) const override;

 private:
  const control_client::ConfigWatcher& watcher_;  // Not owned; outlives this.
};

}  // namespace trivium::ops
