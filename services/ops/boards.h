// The boards of dashboards/boards.yaml. Read once at the start; immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/ops/domain/roles.h"

namespace trivium::ops {

struct Words {
  std::string zh, en;
};

struct Panel {
  std::string id, unit, chart, label, query;
  Words title, empty;
  bool platform = false;
};

struct Board {
  std::string id;
  Words title;
  bool platform = false;
  std::vector<Panel> panels;
};

class Boards {
 public:
  explicit Boards(std::vector<Board> boards) : boards_(std::move(boards)) {}
  // INVALID_ARGUMENT with file and line, or the field, when the file is not as boards.proto says.
  static absl::StatusOr<Boards> Read(const std::string& path);

  // What a viewer sees, in the file's order.
  std::vector<Board> VisibleTo(const Viewer& viewer) const;
  // Errors: NOT_FOUND PANEL_NOT_FOUND; PERMISSION_DENIED ROLE_REQUIRED.
  struct Found {
    const Board* board;
    const Panel* panel;
  };
  absl::StatusOr<Found> Find(const Viewer& viewer, std::string_view board_id, std::string_view panel_id) const;

 private:
  std::vector<Board> boards_;
};

// PERMISSION_DENIED ROLE_REQUIRED for those who do not see the platform.
absl::Status RequirePlatform(const Viewer& viewer);

}  // namespace trivium::ops
