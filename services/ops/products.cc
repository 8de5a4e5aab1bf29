#include "services/ops/products.h"

#include <algorithm>

#include "libs/control_client/control_client.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::ops {

std::vector<std::string> ConfigProducts::All() const {
  std::vector<std::string> names = watcher_.Names(kProfileKind);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<ProductNames> ConfigProducts::Find(std::string_view product) const {
  common::v1::ProductProfile profile;
  if (!watcher_.Find(kProfileKind, product, "", &profile)) return std::nullopt;
  return ProductNames{.product = std::string(product),
                      .display_name_zh = profile.display_name_zh(),
                      .display_name_en = profile.display_name_en(),
                      .time_zone = profile.time_zone(),
                      .pays = profile.has_payment(),
                      .sends_messages = profile.has_push(),
                      .has_clients = profile.has_gateway(),
                      .has_rooms = profile.has_live()};
}

}  // namespace trivium::ops
