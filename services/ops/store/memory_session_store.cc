#include <map>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"
#include "services/ops/store/session_store.h"

namespace trivium::ops {
namespace {

class MemorySessionStore : public SessionStore {
 public:
  absl::Status Insert(const SessionRecord& session, absl::Time) override {
    MutexLock lock(mu_);
    sessions_[session.token_hash] = session;
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<SessionRecord>> Find(const std::string& token_hash, absl::Time now,
                                                    absl::Time) override {
    MutexLock lock(mu_);
    const auto found = sessions_.find(token_hash);
    if (found == sessions_.end() || found->second.expire_time <= now) return std::optional<SessionRecord>();
    return std::optional<SessionRecord>(found->second);
  }

  absl::Status Delete(const std::string& token_hash, absl::Time) override {
    MutexLock lock(mu_);
    sessions_.erase(token_hash);
    return absl::OkStatus();
  }

  absl::Status PurgeExpired(absl::Time now, absl::Time) override {
    MutexLock lock(mu_);
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second.expire_time <= now; });
    return absl::OkStatus();
  }

 private:
  Mutex mu_;
  std::map<std::string, SessionRecord> sessions_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<SessionStore> NewMemorySessionStore() { return std::make_unique<MemorySessionStore>(); }

}  // namespace trivium::ops
