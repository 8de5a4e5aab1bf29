#include "services/control/store/memory_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"

namespace trivium::control {
namespace {

using domain::ConfigItem;
using domain::Plan;
using ConfigKey = std::pair<std::string, std::string>;  // (kind, name)

struct KeptRequest {
  std::string method, request;
  Outcome outcome;
  absl::Time time;
};

// All that is kept; a change works on a copy, which replaces it when the change succeeds.
struct Data {
  std::map<ConfigKey, std::vector<ConfigItem>> configs;  // Versions from 1.
  int64_t config_revision = 0;
  Plan plan;
  std::vector<AuditRecord> audit;
  std::map<std::pair<std::string, std::string>, KeptRequest> requests;  // (caller, request_id)
};

std::optional<ConfigItem> Find(const Data& data, std::string_view kind, std::string_view name, int64_t version) {
  const auto found = data.configs.find(ConfigKey(kind, name));
  if (found == data.configs.end() || version < 0 || version > static_cast<int64_t>(found->second.size()))
    return std::nullopt;
  return version == 0 ? found->second.back() : found->second[static_cast<size_t>(version - 1)];
}

class MemoryTransaction : public Store::Transaction {
 public:
  explicit MemoryTransaction(Data& data) : data_(data) {}

  absl::StatusOr<std::optional<ConfigItem>> NewestConfig(std::string_view kind, std::string_view name) override {
    return Find(data_, kind, name, 0);
  }
  absl::StatusOr<std::optional<ConfigItem>> FindConfig(std::string_view kind, std::string_view name,
                                                       int64_t version) override {
    return version == 0 ? std::nullopt : Find(data_, kind, name, version);
  }
  absl::StatusOr<std::vector<ConfigItem>> NewestOfKind(std::string_view kind) override {
    std::vector<ConfigItem> items;
    for (const auto& [key, versions] : data_.configs) {
      if (key.first == kind) items.push_back(versions.back());
    }
    return items;
  }
  absl::Status InsertConfig(ConfigItem* item) override {
    item->revision = ++data_.config_revision;
    data_.configs[{item->kind, item->name}].push_back(*item);
    return absl::OkStatus();
  }
  absl::StatusOr<Plan> GetPlan() override { return data_.plan; }
  absl::Status SaveRoute(const Plan& after, std::string_view, std::string_view) override {
    data_.plan = after;
    return absl::OkStatus();
  }
  absl::Status AddAudit(AuditRecord* record) override {
    record->audit_id = static_cast<int64_t>(data_.audit.size()) + 1;
    data_.audit.push_back(*record);
    return absl::OkStatus();
  }

 private:
  Data& data_;
};

class MemoryStore : public Store {
 public:
  explicit MemoryStore(Clock& clock) : clock_(clock) {}

  absl::StatusOr<Outcome> Change(const RequestKey& key, absl::Time, const Body& body) override {
    MutexLock lock(mu_);
    const std::pair id(key.caller, key.request_id);
    if (const auto kept = data_.requests.find(id); kept != data_.requests.end()) {
      if (absl::Status status = key.same(kept->second.method, kept->second.request); !status.ok()) return status;
      return kept->second.outcome;
    }
    Data copy = data_;
    MemoryTransaction transaction(copy);
    absl::StatusOr<Outcome> outcome = body(transaction);
    if (!outcome.ok()) return outcome;
    if (outcome->decline.ok()) data_ = std::move(copy);
    data_.requests[id] = {key.method, key.request, *outcome, clock_.Now()};
    return outcome;
  }

  absl::StatusOr<Outcome> Try(absl::Time, const Body& body) override {
    MutexLock lock(mu_);
    Data copy = data_;
    MemoryTransaction transaction(copy);
    return body(transaction);
  }

  absl::StatusOr<Progress> GetProgress(absl::Time) override {
    MutexLock lock(mu_);
    return Progress{data_.config_revision, data_.plan.epoch};
  }

  absl::StatusOr<std::optional<ConfigItem>> GetConfig(std::string_view kind, std::string_view name, int64_t version,
                                                      absl::Time) override {
    MutexLock lock(mu_);
    return Find(data_, kind, name, version);
  }

  absl::StatusOr<std::vector<ConfigItem>> ListConfigs(std::string_view kind, std::string_view after_kind,
                                                      std::string_view after_name, int limit, absl::Time) override {
    MutexLock lock(mu_);
    std::vector<ConfigItem> items;
    for (auto it = data_.configs.upper_bound(ConfigKey(after_kind, after_name)); it != data_.configs.end(); ++it) {
      if (static_cast<int>(items.size()) == limit) break;
      if (kind.empty() || it->first.first == kind) items.push_back(it->second.back());
    }
    return items;
  }

  absl::StatusOr<std::vector<ConfigItem>> ListConfigVersions(std::string_view kind, std::string_view name,
                                                             int64_t before_version, int limit, absl::Time) override {
    MutexLock lock(mu_);
    std::vector<ConfigItem> items;
    const auto found = data_.configs.find(ConfigKey(kind, name));
    if (found == data_.configs.end()) return items;
    for (auto it = found->second.rbegin(); it != found->second.rend() && static_cast<int>(items.size()) < limit; ++it) {
      if (before_version == 0 || it->version < before_version) items.push_back(*it);
    }
    return items;
  }

  absl::StatusOr<std::vector<ConfigItem>> ConfigsSince(int64_t revision, absl::Time) override {
    MutexLock lock(mu_);
    std::vector<ConfigItem> items;
    for (const auto& [key, versions] : data_.configs) {
      if (versions.back().revision > revision) items.push_back(versions.back());
    }
    std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.revision < b.revision; });
    return items;
  }

  absl::StatusOr<Plan> GetPlan(absl::Time) override {
    MutexLock lock(mu_);
    return data_.plan;
  }

  absl::StatusOr<std::vector<AuditRecord>> ListAudit(std::string_view object, int64_t before_id, int limit,
                                                     absl::Time) override {
    MutexLock lock(mu_);
    std::vector<AuditRecord> records;
    for (auto it = data_.audit.rbegin(); it != data_.audit.rend() && static_cast<int>(records.size()) < limit; ++it) {
      if ((before_id == 0 || it->audit_id < before_id) && (object.empty() || it->object == object))
        records.push_back(*it);
    }
    return records;
  }

  absl::StatusOr<std::vector<InstanceRow>> LoadInstances(absl::Time) override {
    MutexLock lock(mu_);
    std::vector<InstanceRow> rows;
    for (const auto& [id, row] : instances_) rows.push_back(row);
    return rows;
  }

  absl::Status SaveInstance(const InstanceRow& row, bool take_over, absl::Time) override {
    MutexLock lock(mu_);
    const auto found = instances_.find(row.state.instance.id);
    if (take_over || (found != instances_.end() && found->second.owner == row.owner)) {
      instances_[row.state.instance.id] = row;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> Purge(absl::Time requests_before, absl::Time instances_before, absl::Time) override {
    MutexLock lock(mu_);
    const size_t requests =
        std::erase_if(data_.requests, [&](const auto& r) { return r.second.time < requests_before; });
    const size_t instances = std::erase_if(instances_, [&](const auto& row) {
      return !row.second.state.alive && row.second.state.lost_time < instances_before;
    });
    return static_cast<int64_t>(requests + instances);
  }

 private:
  Clock& clock_;
  Mutex mu_;
  Data data_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, InstanceRow> instances_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore(Clock& clock) { return std::make_unique<MemoryStore>(clock); }

}  // namespace trivium::control
