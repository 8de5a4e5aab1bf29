// Config items from files: FOLDER/<kind>/<name>.yaml, each the kind's message as YAML.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/publish/plan.h"

namespace trivium::publish {

// The kinds that files may hold, in the order in which control takes them: products before what names them.
std::vector<std::string> ItemKinds();
// All items of the folder, by kind and name. INVALID_ARGUMENT "<file>:<line>: ..." for what is no such message, a
// folder that is no kind, or a file that is no .yaml. Names that begin with a dot are not looked at.
absl::StatusOr<std::vector<Change>> ReadItems(const std::string& folder);

}  // namespace trivium::publish
