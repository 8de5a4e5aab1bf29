#include "examples/school-day/class_limits.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "libs/config/config.h"
#include "libs/status/status.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/live/v1/live_capacity.pb.h"

namespace trivium::schoolday {
namespace {

// LiveProfile's defaults.
constexpr RungPlaces kProduct = {2'000, 10'000, 50'000}, kInstitution = {1'000, 5'000, 20'000};

RungPlaces PlacesOf(const common::v1::RungCapacity& c) { return {c.rtc(), c.fast(), c.standard()}; }

}  // namespace

absl::StatusOr<ClassLimits> ReadClassLimits(const std::string& profiles, const std::string& live_capacity,
                                            const std::vector<std::string>& products) {
  ClassLimits limits;
  for (const std::string& product : products) {
    const std::string path = absl::StrCat(profiles, "/", product, "/profile.yaml");
    if (!std::filesystem::exists(path)) continue;
    common::v1::ProductProfile profile;
    TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(path, &profile));
    const common::v1::LiveProfile& live = profile.live();
    limits.product[product] = live.has_product_capacity() ? PlacesOf(live.product_capacity()) : kProduct;
    limits.institution[product] =
        live.has_institution_capacity() ? PlacesOf(live.institution_capacity()) : kInstitution;
  }
  if (!std::filesystem::exists(live_capacity)) return limits;
  live::v1::LiveCapacity cell;
  TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(live_capacity, &cell));
  limits.platform_known = true;
  limits.platform = PlacesOf(cell.platform());
  for (const live::v1::MediaNode& node : cell.nodes()) limits.node[node.name()] = PlacesOf(node.capacity());
  return limits;
}

}  // namespace trivium::schoolday
