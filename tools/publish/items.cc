#include "tools/publish/items.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/config/config.h"
#include "libs/status/status.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/gateway/v1/command.pb.h"
#include "trivium/gateway/v1/token_keys.pb.h"
#include "trivium/live/v1/live_capacity.pb.h"

namespace trivium::publish {
namespace {

namespace fs = std::filesystem;

template <typename Message>
absl::Status Read(const std::string& path, google::protobuf::Any* value) {
  Message message;
  TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(path, &message));
  value->PackFrom(message);
  return absl::OkStatus();
}

struct Kind {
  const char* name;
  absl::Status (*read)(const std::string& path, google::protobuf::Any* value);
};

constexpr Kind kKinds[] = {
    {"product_profile", Read<common::v1::ProductProfile>},
    {"token_keys", Read<gateway::v1::TokenKeys>},
    {"live_capacity", Read<live::v1::LiveCapacity>},
    {"command", Read<gateway::v1::Command>},
};

// Names of what is in a folder, sorted.
absl::StatusOr<std::vector<std::string>> List(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name[0] != '.') names.push_back(name);
  }
  if (error) return absl::InvalidArgumentError(absl::StrCat(folder.string(), ": ", error.message()));
  std::ranges::sort(names);
  return names;
}

absl::Status ReadKind(const Kind& kind, const fs::path& folder, std::vector<Change>* items) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto files, List(folder));
  for (const std::string& file : files) {
    const fs::path path = folder / file;
    if (path.extension() != ".yaml") return absl::InvalidArgumentError(absl::StrCat(path.string(), ": want NAME.yaml"));
    items->push_back({kind.name, path.stem(), {}});
    TRIVIUM_RETURN_IF_ERROR(kind.read(path, &items->back().value));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> ItemKinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  return names;
}

absl::StatusOr<std::vector<Change>> ReadItems(const std::string& folder) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto present, List(folder));
  const std::vector<std::string> known = ItemKinds();
  for (const std::string& name : present) {
    if (std::ranges::find(known, name) == known.end())
      return absl::InvalidArgumentError(
          absl::StrCat(folder, "/", name, ": want a folder of a kind: ", absl::StrJoin(known, ", ")));
  }
  std::vector<Change> items;
  for (const Kind& kind : kKinds) {
    if (std::ranges::find(present, kind.name) == present.end()) continue;
    TRIVIUM_RETURN_IF_ERROR(ReadKind(kind, fs::path(folder) / kind.name, &items));
  }
  return items;
}

}  // namespace trivium::publish
