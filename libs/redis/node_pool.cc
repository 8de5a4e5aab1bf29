#include "libs/redis/node_pool.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/redis/errors.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::redis {

NodePool::Loan::~Loan() {
  if (pool_ != nullptr) pool_->GiveBack(keep_ ? std::move(connection_) : nullptr);
}

NodePool::NodePool(Address address, Login login, PoolLimits limits, Clock& clock, ClientMetrics& metrics)
    : address_(std::move(address)), login_(std::move(login)), limits_(limits), clock_(clock), metrics_(metrics) {}

NodePool::~NodePool() { metrics_.open.Add(-reported_); }

absl::StatusOr<NodePool::Loan> NodePool::Borrow(absl::Duration until) {
  while (true) {
    TRIVIUM_ASSIGN_OR_RETURN(std::unique_ptr<Connection> idle, TakePlace(until));
    if (idle == nullptr) break;
    const bool fresh = idle->Fresh();
    if (fresh) return Loan(shared_from_this(), std::move(idle));
    GiveBack(nullptr);
    DropIdle();
  }
  const absl::Duration patience = std::min(until, clock_.Monotonic() + limits_.connect_timeout);
  absl::StatusOr<std::unique_ptr<Connection>> opened = Connection::Open(address_, login_, patience, clock_);
  metrics_.Connected(opened.status());
  if (opened.ok()) return Loan(shared_from_this(), *std::move(opened));
  GiveBack(nullptr);
  return opened.status();
}

// A place among the limit: with an idle connection, or nullptr for one to be opened.
absl::StatusOr<std::unique_ptr<Connection>> NodePool::TakePlace(absl::Duration until) {
  const absl::Duration start = clock_.Monotonic();
  if (start >= until) return TooLate();
  MutexLock lock(mu_);
  const absl::Status place = AwaitPlace(std::min(until, start + limits_.acquire_timeout));
  metrics_.wait.Observe(absl::ToDoubleSeconds(clock_.Monotonic() - start));
  TRIVIUM_RETURN_IF_ERROR(place);
  ++borrowed_;
  metrics_.in_use.Add(1);
  std::unique_ptr<Connection> idle;
  if (!idle_.empty()) {
    idle = std::move(idle_.back());
    idle_.pop_back();
  }
  ReportOpen();
  return idle;
}

absl::Status NodePool::AwaitPlace(absl::Duration until) {
  while (borrowed_ >= limits_.connections) {
    const absl::Duration left = until - clock_.Monotonic();
    if (left <= absl::ZeroDuration()) {
      return Error(absl::StatusCode::kResourceExhausted, "REDIS_POOL_EXHAUSTED",
                   absl::StrCat("redis ", address_.ToString(), ": all ", limits_.connections,
                                " connections are in use; not executed"))
          .With("node", address_.ToString())
          .RetryAfter(absl::Milliseconds(200));
    }
    free_.WaitFor(mu_, left);
  }
  return absl::OkStatus();
}

void NodePool::GiveBack(std::unique_ptr<Connection> connection) {
  metrics_.in_use.Add(-1);
  MutexLock lock(mu_);
  --borrowed_;
  if (connection != nullptr) idle_.push_back(std::move(connection));
  ReportOpen();
  free_.NotifyOne();
}

void NodePool::DropIdle() {
  std::vector<std::unique_ptr<Connection>> dropped;  // Closed without the lock.
  MutexLock lock(mu_);
  dropped.swap(idle_);
  ReportOpen();
}

void NodePool::ReportOpen() {
  const int open = borrowed_ + static_cast<int>(idle_.size());
  metrics_.open.Add(open - reported_);
  reported_ = open;
}

std::shared_ptr<NodePool> NodePools::Of(const Address& node) {
  MutexLock lock(mu_);
  std::shared_ptr<NodePool>& pool = pools_[node];
  if (pool == nullptr) pool = std::make_shared<NodePool>(node, login_, limits_, clock_, metrics_);
  return pool;
}

void NodePools::KeepOnly(std::span<const Address> nodes) {
  std::vector<std::shared_ptr<NodePool>> forgotten;  // Closed without the lock.
  MutexLock lock(mu_);
  for (auto it = pools_.begin(); it != pools_.end();) {
    if (std::find(nodes.begin(), nodes.end(), it->first) != nodes.end()) {
      ++it;
    } else {
      forgotten.push_back(std::move(it->second));
      it = pools_.erase(it);
    }
  }
}

}  // namespace trivium::redis
