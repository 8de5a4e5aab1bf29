#include "services/push/store/open_messages.h"

#include <limits>

#include "libs/status/status.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

constexpr absl::Duration kCountEvery = absl::Seconds(1);
constexpr int64_t kWalkMax = 20'000;  // Of all products' messages.

absl::StatusOr<int64_t> CountOpen(mysql::Connection& db, const std::string& product) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql::kCountOpenMessages, {product, kWalkMax}));
  // Too many to tell whose they are.
  if (rows.at(0).Int(0) >= kWalkMax) return std::numeric_limits<int64_t>::max() / 2;
  return rows.at(0).Int(1);
}

}  // namespace

absl::StatusOr<bool> OpenMessages::MayReach(mysql::Connection& db, const std::string& product, int64_t pending,
                                            absl::Time now) {
  const int64_t enough = pending - pending / 2;
  {
    MutexLock lock(mu_);
    Counted& counted = products_[product];
    ++counted.open;
    if (now - counted.time < kCountEvery && counted.time - now < kCountEvery) return counted.open > enough;
  }
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t open, CountOpen(db, product));
  MutexLock lock(mu_);
  // With the one that is being accepted.
  products_[product] = {now, open + 1};
  return open >= enough;
}

}  // namespace trivium::push
