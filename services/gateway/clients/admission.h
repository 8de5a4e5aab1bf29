// Who may connect: the page's origin and how many of a product and of a user are here already.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "libs/sync/mutex.h"
#include "services/gateway/profiles/profiles.h"

namespace trivium::gateway {

// Thread-safe.
class Admission {
 public:
  // A place among the connections; free again when it is destroyed. The Admission outlives it.
  class Seat {
   public:
    Seat(Admission& admission, std::string product, std::string uid)
        : admission_(admission), product_(std::move(product)), uid_(std::move(uid)) {}
    ~Seat() { admission_.Release(product_, uid_); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    Admission& admission_;
    const std::string product_, uid_;
  };

  explicit Admission(const Profiles& profiles) : profiles_(profiles) {}  // Not owned; outlives this.

  // FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED; PERMISSION_DENIED ORIGIN_DENIED; RESOURCE_EXHAUSTED CONNECTION_LIMIT,
  // USER_CONNECTION_LIMIT.
  absl::StatusOr<std::unique_ptr<Seat>> Admit(const std::string& product, const std::string& uid,
                                              std::string_view origin);
  int connections(const std::string& product) const;

 private:
  struct Counts {
    int all = 0;
    absl::flat_hash_map<std::string, int> by_user;
  };
  void Release(const std::string& product, const std::string& uid);

  const Profiles& profiles_;
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Counts> products_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::gateway
