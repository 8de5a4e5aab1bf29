// What control keeps: config items, the route plan, audit, requests that were answered, instances. Two engines, MySQL
// and in-memory, under one conformance suite (store_conformance.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/control/domain/config_item.h"
#include "services/control/domain/plan.h"
#include "services/control/domain/registry.h"

namespace trivium::control {

// One change and who made it. Written with the change, in one transaction, together with the event that tells of it.
struct AuditRecord {
  int64_t audit_id = 0;  // Grows with every change; the store's.
  absl::Time time;
  std::string actor, caller;
  std::string action;   // "PublishConfig"
  std::string object;   // "config/product_profile/acme"
  std::string product;  // Whom it is about; "*" for all.
  std::string reason;
  std::string before_json, after_json;
  std::string trace_id, traceparent;
};

// Identity of a mutating call: the same caller and request_id must mean the same request.
struct RequestKey {
  std::string caller, request_id;
  std::string method;   // "PublishConfig"
  std::string request;  // Serialized.
  // Says whether an earlier request with this key is the same; else IDEMPOTENCY_KEY_REUSED naming the field.
  std::function<absl::Status(std::string_view earlier_method, std::string_view earlier_request)> same;
};

// What a change came to: a response, or a decline. Both are kept under the key and given again to a repeat.
struct Outcome {
  absl::Status decline;
  std::string response;  // Serialized.
};

// How far the data have come: a replica compares it with what it has.
struct Progress {
  int64_t config_revision = 0, plan_epoch = 0;
};

// A registered instance, as other replicas and a later start see it.
struct InstanceRow {
  domain::InstanceState state;
  std::string owner;  // The control replica that holds its stream.
};

// Thread-safe. Every call blocks for at most until deadline.
class Store {
 public:
  // A change under way; changes run one after another. Valid inside the body only.
  class Transaction {
   public:
    virtual ~Transaction() = default;
    virtual absl::StatusOr<std::optional<domain::ConfigItem>> NewestConfig(std::string_view kind,
                                                                           std::string_view name) = 0;
    virtual absl::StatusOr<std::optional<domain::ConfigItem>> FindConfig(std::string_view kind, std::string_view name,
                                                                         int64_t version) = 0;
    // The newest versions of all items of a kind, by name.
    virtual absl::StatusOr<std::vector<domain::ConfigItem>> NewestOfKind(std::string_view kind) = 0;
    // Fills revision.
    virtual absl::Status InsertConfig(domain::ConfigItem* item) = 0;
    virtual absl::StatusOr<domain::Plan> GetPlan() = 0;
    // Makes the stored plan equal to `after`, in which only the route of this product and service differs.
    virtual absl::Status SaveRoute(const domain::Plan& after, std::string_view product, std::string_view service) = 0;
    // Fills audit_id.
    virtual absl::Status AddAudit(AuditRecord* record) = 0;
  };
  using Body = std::function<absl::StatusOr<Outcome>(Transaction&)>;

  virtual ~Store() = default;

  // Runs body once for a key and keeps its outcome with its changes, or nothing when it fails. A repeat gets the kept
  // outcome. body may run again after a deadlock or a lost COMMIT answer that turns out not to have happened.
  virtual absl::StatusOr<Outcome> Change(const RequestKey& key, absl::Time deadline, const Body& body) = 0;
  // Runs body on one moment of the data and undoes whatever it did.
  virtual absl::StatusOr<Outcome> Try(absl::Time deadline, const Body& body) = 0;

  virtual absl::StatusOr<Progress> GetProgress(absl::Time deadline) = 0;
  // version 0: the newest.
  virtual absl::StatusOr<std::optional<domain::ConfigItem>> GetConfig(std::string_view kind, std::string_view name,
                                                                      int64_t version, absl::Time deadline) = 0;
  // Newest versions by (kind, name) after the given pair; kind "": all kinds.
  virtual absl::StatusOr<std::vector<domain::ConfigItem>> ListConfigs(std::string_view kind,
                                                                      std::string_view after_kind,
                                                                      std::string_view after_name, int limit,
                                                                      absl::Time deadline) = 0;
  // Newest first, below before_version (0: from the newest).
  virtual absl::StatusOr<std::vector<domain::ConfigItem>> ListConfigVersions(std::string_view kind,
                                                                             std::string_view name,
                                                                             int64_t before_version, int limit,
                                                                             absl::Time deadline) = 0;
  // Newest versions with a revision above the given one, in the order of revisions.
  virtual absl::StatusOr<std::vector<domain::ConfigItem>> ConfigsSince(int64_t revision, absl::Time deadline) = 0;
  virtual absl::StatusOr<domain::Plan> GetPlan(absl::Time deadline) = 0;
  // Newest first, below before_id (0: from the newest); object "": all.
  virtual absl::StatusOr<std::vector<AuditRecord>> ListAudit(std::string_view object, int64_t before_id, int limit,
                                                             absl::Time deadline) = 0;

  virtual absl::StatusOr<std::vector<InstanceRow>> LoadInstances(absl::Time deadline) = 0;
  // take_over: inserts, or replaces whatever is there; else replaces it only while it is still the owner's.
  virtual absl::Status SaveInstance(const InstanceRow& row, bool take_over, absl::Time deadline) = 0;
  // Forgets requests answered before then, and instances lost before then. Returns how many rows went.
  virtual absl::StatusOr<int64_t> Purge(absl::Time requests_before, absl::Time instances_before,
                                        absl::Time deadline) = 0;
};

}  // namespace trivium::control
