#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/log/log.h"
#include "libs/mysql/connection.h"
#include "libs/mysql/mysql.h"
#include "libs/mysql/pool_metrics.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"

namespace trivium::mysql {
namespace {

// A connection that was idle for longer is asked for a sign of life before it is lent: a restart of the server takes
// about as long, and under load none is idle for a second.
constexpr absl::Duration kPingAfter = absl::Seconds(1);
constexpr absl::Duration kBackoffFirst = absl::Milliseconds(5);
constexpr absl::Duration kBackoffMost = absl::Milliseconds(200);

// Doubles with each attempt; half of it is random, so that two that collided do not collide again.
absl::Duration Backoff(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const absl::Duration whole = std::min(kBackoffMost, kBackoffFirst * (1 << std::min(attempt, 10)));
  return whole * std::uniform_real_distribution<double>(0.5, 1.0)(random);
}

class ConnectionPool : public Pool {
 public:
  ConnectionPool(PoolOptions options, Clock& clock, Metrics& metrics)
      : options_(std::move(options)),
        clock_(clock),
        metrics_(metrics),
        in_use_(metrics.GetGauge(kPoolInUse, {options_.schema})),
        opened_(metrics.GetGauge(kPoolOpen, {options_.schema})),
        wait_(metrics.GetHistogram(kPoolWaitSeconds, {options_.schema})) {}

  absl::Status Transact(std::string_view name, absl::Time deadline,
                        const std::function<absl::Status(Connection&)>& body) override {
    const absl::Duration start = clock_.Monotonic();
    absl::Status status;
    for (int attempt = 1;; ++attempt) {
      bool again = false;
      status = TransactOnce(deadline, body, &again);
      if (!again || attempt >= options_.max_attempts) break;
      metrics_.GetCounter(kRetries, {std::string(name)}).Add();
      clock_.Sleep(std::min(Backoff(attempt), std::max(absl::ZeroDuration(), deadline - clock_.Now())));
    }
    Record(name, status, start);
    return status;
  }

  absl::Status Use(std::string_view name, absl::Time deadline,
                   const std::function<absl::Status(Connection&)>& body) override {
    const absl::Duration start = clock_.Monotonic();
    absl::Status status = UseOnce(deadline, body);
    Record(name, status, start);
    return status;
  }

  absl::Status Ping() override {
    // A connection of its own: a busy pool is not a dead database.
    MutexLock lock(probe_mu_);
    if (probe_ != nullptr && probe_->SetDeadline(clock_.Now() + options_.connect_timeout).ok() && probe_->Alive()) {
      return absl::OkStatus();
    }
    probe_.reset();
    TRIVIUM_ASSIGN_OR_RETURN(probe_, ServerConnection::Open(options_, clock_));
    return absl::OkStatus();
  }

 private:
  // A connection on loan; comes back on its own, or is closed when it was lost or keep() was not called (the body
  // threw).
  class Loan {
   public:
    Loan(ConnectionPool& pool, std::unique_ptr<ServerConnection> connection, bool fresh)
        : pool_(&pool), connection_(std::move(connection)), fresh_(fresh) {}
    Loan(Loan&& other) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_ != nullptr) pool_->GiveBack(keep_ ? std::move(connection_) : nullptr);
    }
    ServerConnection& operator*() { return *connection_; }
    ServerConnection* operator->() { return connection_.get(); }
    bool fresh() const { return fresh_; }
    void Keep() { keep_ = connection_->usable(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<ServerConnection> connection_;
    bool fresh_;
    bool keep_ = false;
  };

  absl::Status TransactOnce(absl::Time deadline, const std::function<absl::Status(Connection&)>& body, bool* again) {
    TRIVIUM_ASSIGN_OR_RETURN(Loan db, Begun(deadline));
    absl::Status status = body(*db);
    // A body may have swallowed the error that ended its transaction: committing would keep half of it.
    if (!db->transaction_error().ok()) status = db->transaction_error();
    if (status.ok()) status = db->Commit();
    if (!status.ok() && db->usable()) db->Rollback();
    db.Keep();
    *again = status.code() == absl::StatusCode::kAborted &&
             (ReasonOf(status) == "DEADLOCK" || ReasonOf(status) == "LOCK_TIMEOUT");
    if (!db->usable()) DropIdle();
    return status;
  }

  // A connection with a transaction begun. One that died while it was idle is replaced: nothing has been asked of it
  // yet.
  absl::StatusOr<Loan> Begun(absl::Time deadline) {
    while (true) {
      TRIVIUM_ASSIGN_OR_RETURN(Loan db, Borrow(deadline));
      absl::Status status = db->SetDeadline(deadline);
      if (status.ok()) status = db->Begin();
      if (status.ok()) return db;
      db.Keep();
      if (db->usable() || db.fresh()) return status;
      DropIdle();
    }
  }

  absl::Status UseOnce(absl::Time deadline, const std::function<absl::Status(Connection&)>& body) {
    while (true) {
      TRIVIUM_ASSIGN_OR_RETURN(Loan db, Borrow(deadline));
      absl::Status status = db->SetDeadline(deadline);
      if (status.ok()) {
        status = body(*db);
        db.Keep();
        if (!db->usable()) DropIdle();
        return status;
      }
      db.Keep();
      if (db->usable() || db.fresh()) return status;
      DropIdle();
    }
  }

  absl::StatusOr<Loan> Borrow(absl::Time deadline) {
    while (true) {
      TRIVIUM_ASSIGN_OR_RETURN(std::unique_ptr<ServerConnection> idle, TakePlace(deadline));
      if (idle == nullptr) break;
      Loan loan(*this, std::move(idle), /*fresh=*/false);
      if (clock_.Monotonic() - loan->idle_since < kPingAfter || loan->Alive()) return loan;
    }
    absl::StatusOr<std::unique_ptr<ServerConnection>> opened = ServerConnection::Open(options_, clock_);
    if (!opened.ok()) {
      GiveBack(nullptr);
      return opened.status();
    }
    return Loan(*this, *std::move(opened), /*fresh=*/true);
  }

  // A place among max_connections: with an idle connection, or nullptr for one to be opened.
  absl::StatusOr<std::unique_ptr<ServerConnection>> TakePlace(absl::Time deadline) {
    const absl::Duration start = clock_.Monotonic();
    const absl::Duration patience = std::min(options_.acquire_timeout, deadline - clock_.Now());
    MutexLock lock(mu_);
    while (borrowed_ >= options_.max_connections) {
      const absl::Duration left = patience - (clock_.Monotonic() - start);
      if (left <= absl::ZeroDuration()) {
        wait_.Observe(absl::ToDoubleSeconds(clock_.Monotonic() - start));
        return Error(absl::StatusCode::kResourceExhausted, "POOL_EXHAUSTED",
                     absl::StrCat("database: all ", options_.max_connections, " connections are in use"))
            .RetryAfter(absl::Milliseconds(200));
      }
      free_.WaitFor(mu_, left);
    }
    wait_.Observe(absl::ToDoubleSeconds(clock_.Monotonic() - start));
    in_use_.Set(++borrowed_);
    std::unique_ptr<ServerConnection> idle;
    if (!idle_.empty()) {
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
    opened_.Set(borrowed_ + static_cast<int>(idle_.size()));
    return idle;
  }

  void GiveBack(std::unique_ptr<ServerConnection> connection) {
    if (connection != nullptr) connection->idle_since = clock_.Monotonic();
    MutexLock lock(mu_);
    in_use_.Set(--borrowed_);
    if (connection != nullptr) idle_.push_back(std::move(connection));
    opened_.Set(borrowed_ + static_cast<int>(idle_.size()));
    free_.NotifyOne();
  }

  // When one connection is found dead the others most likely are, too.
  void DropIdle() {
    std::vector<std::unique_ptr<ServerConnection>> dropped;
    MutexLock lock(mu_);
    dropped.swap(idle_);
  }

  struct Measured {
    Histogram* seconds = nullptr;
    std::array<Counter*, 17> by_code{};
  };

  void Record(std::string_view name, const absl::Status& status, absl::Duration start) {
    if (!status.ok() && (status.code() == absl::StatusCode::kUnknown || status.code() == absl::StatusCode::kInternal)) {
      TRIVIUM_LOG(kWarning, "mysql: transaction failed", {"name", name}, {"error", status});
    }
    const auto code = std::min<size_t>(static_cast<size_t>(status.code()), 16);
    MutexLock lock(measured_mu_);
    auto it = measured_.find(name);
    if (it == measured_.end()) {
      it = measured_.emplace(std::string(name), Measured{}).first;
      it->second.seconds = &metrics_.GetHistogram(kTransactionSeconds, {it->first});
    }
    Counter*& counter = it->second.by_code[code];
    if (counter == nullptr) {
      counter = &metrics_.GetCounter(kTransactions, {it->first, absl::StatusCodeToString(status.code())});
    }
    counter->Add();
    it->second.seconds->Observe(absl::ToDoubleSeconds(clock_.Monotonic() - start));
  }

  const PoolOptions options_;
  Clock& clock_;
  Metrics& metrics_;
  Gauge& in_use_;
  Gauge& opened_;
  Histogram& wait_;
  Mutex mu_;
  CondVar free_;
  int borrowed_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::unique_ptr<ServerConnection>> idle_ ABSL_GUARDED_BY(mu_);  // The last used at the back.
  Mutex probe_mu_;
  std::unique_ptr<ServerConnection> probe_ ABSL_GUARDED_BY(probe_mu_);
  Mutex measured_mu_;
  std::map<std::string, Measured, std::less<>> measured_ ABSL_GUARDED_BY(measured_mu_);
};

}  // namespace

std::unique_ptr<Pool> NewPool(PoolOptions options, Clock& clock, Metrics& metrics) {
  return std::make_unique<ConnectionPool>(std::move(options), clock, metrics);
}

}  // namespace trivium::mysql
