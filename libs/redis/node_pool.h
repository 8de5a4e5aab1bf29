// Bounded pools of connections, one per node.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/redis/client_metrics.h"
#include "libs/redis/connection.h"
#include "libs/sync/mutex.h"

namespace trivium::redis {

struct PoolLimits {
  int connections = 16;
  absl::Duration acquire_timeout, connect_timeout;
};

// Thread-safe. Outlives its loans.
class NodePool : public std::enable_shared_from_this<NodePool> {
 public:
  // A borrowed connection; closed when it is not kept.
  class Loan {
   public:
    Loan(std::shared_ptr<NodePool> pool, std::unique_ptr<Connection> connection)
        : pool_(std::move(pool)), connection_(std::move(connection)) {}
    Loan(Loan&&) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan();
    Connection* operator->() { return connection_.get(); }
    // All answers were read: the next one may have it.
    void Keep() { keep_ = true; }

   private:
    std::shared_ptr<NodePool> pool_;
    std::unique_ptr<Connection> connection_;
    bool keep_ = false;
  };

  NodePool(Address address, Login login, PoolLimits limits, Clock& clock, ClientMetrics& metrics);
  ~NodePool();

  // until: of the clock's Monotonic. RESOURCE_EXHAUSTED REDIS_POOL_EXHAUSTED; DEADLINE_EXCEEDED when `until` has come
  // before; else as Connection::Open.
  absl::StatusOr<Loan> Borrow(absl::Duration until);
  // Closes all idle connections: where one is found dead the others most likely are, too.
  void DropIdle();

 private:
  absl::StatusOr<std::unique_ptr<Connection>> TakePlace(absl::Duration until);
  absl::Status AwaitPlace(absl::Duration until) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void GiveBack(std::unique_ptr<Connection> connection);
  void ReportOpen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Address address_;
  const Login login_;
  const PoolLimits limits_;
  Clock& clock_;
  ClientMetrics& metrics_;
  Mutex mu_;
  CondVar free_;
  int borrowed_ ABSL_GUARDED_BY(mu_) = 0;
  int reported_ ABSL_GUARDED_BY(mu_) = 0;                               // What the gauge has of this pool.
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mu_);  // The last used at the back.
};

// The pools of all nodes. Thread-safe.
class NodePools {
 public:
  NodePools(Login login, PoolLimits limits, Clock& clock, ClientMetrics& metrics)
      : login_(std::move(login)), limits_(limits), clock_(clock), metrics_(metrics) {}

  std::shared_ptr<NodePool> Of(const Address& node);
  // Forgets the pools of all other nodes; their connections close as they come back.
  void KeepOnly(std::span<const Address> nodes);

 private:
  const Login login_;
  const PoolLimits limits_;
  Clock& clock_;
  ClientMetrics& metrics_;
  Mutex mu_;
  std::map<Address, std::shared_ptr<NodePool>> pools_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::redis
