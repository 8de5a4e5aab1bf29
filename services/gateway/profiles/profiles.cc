#include "services/gateway/profiles/profiles.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::gateway {

bool Profile::AllowsOrigin(std::string_view origin) const {
  return origin.empty() || allowed_origins.contains("*") || allowed_origins.contains(ToAbsl(origin));
}

absl::Status ProductNotConfigured(std::string_view product) {
  return Error(absl::StatusCode::kFailedPrecondition, "PRODUCT_NOT_CONFIGURED",
               absl::StrCat("product: ", ToAbsl(product), ", want one whose profile has a gateway part"))
      .With("product", product);
}

}  // namespace trivium::gateway
