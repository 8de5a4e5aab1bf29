#include "services/control/domain/config_item.h"

namespace trivium::control::domain {

PublishProblem CheckPublication(const Publication& publication, const ConfigItem* newest) {
  const int64_t version = newest == nullptr ? 0 : newest->version;
  if (publication.expected_version > 0 && publication.expected_version != version)
    return PublishProblem::kVersionConflict;
  if (publication.expected_version < 0 && newest != nullptr) return PublishProblem::kVersionConflict;
  if (publication.percentage < 100 && newest == nullptr) return PublishProblem::kNothingToKeep;
  return PublishProblem::kNone;
}

ConfigItem NextVersion(const Publication& publication, const ConfigItem* newest, absl::Time now) {
  ConfigItem next{.kind = publication.kind,
                  .name = publication.name,
                  .version = (newest == nullptr ? 0 : newest->version) + 1,
                  .type_url = publication.type_url,
                  .value = publication.value,
                  .percentage = publication.percentage,
                  .actor = publication.actor,
                  .reason = publication.reason,
                  .create_time = now};
  if (next.percentage == 100 || newest == nullptr) return next;
  // While a release is under way, of this value or another, the value from before it is the one that the other keys
  // have.
  next.previous_value = newest->percentage < 100 ? newest->previous_value : newest->value;
  return next;
}

}  // namespace trivium::control::domain
