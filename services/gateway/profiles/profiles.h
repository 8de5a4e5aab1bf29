// What a product has decided about its clients' connections, as a struct that the request path reads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"

namespace trivium::gateway {

// Immutable.
struct Profile {
  absl::flat_hash_set<std::string> allowed_origins;  // "*": any.
  int max_connections = 20'000;
  int max_connections_per_user = 8;
  int max_calls_per_second = 10'000;

  // Whether pages of this origin may connect and call. "" (the client sent none): yes.
  bool AllowsOrigin(std::string_view origin) const;
};

// Thread-safe; reads cost a lock for the copy of a pointer.
class Profiles {
 public:
  virtual ~Profiles() = default;
  // nullptr: the product is not published, or has no gateway part: none of its clients may connect or call.
  virtual std::shared_ptr<const Profile> Find(std::string_view product) const = 0;
  // Whether any product allows it, for requests whose product is not known yet. "": yes.
  virtual bool AnyAllowsOrigin(std::string_view origin) const = 0;
};

// FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED.
absl::Status ProductNotConfigured(std::string_view product);

}  // namespace trivium::gateway
