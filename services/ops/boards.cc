#include "services/ops/boards.h"

#include <set>

#include "libs/config/config.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/ops/boards.pb.h"

namespace trivium::ops {
namespace {

using Violations = std::vector<std::pair<std::string, std::string>>;

Words ToWords(const BoardsFile::Words& words) { return {words.zh(), words.en()}; }

void CheckWords(const std::string& path, const Words& words, Violations* wrong) {
  if (words.zh.empty() || words.en.empty()) wrong->emplace_back(path, "a language is missing, want zh and en");
}

void CheckChoice(const std::string& path, const std::string& value, const std::set<std::string>& choices,
                 Violations* wrong) {
  if (choices.contains(value)) return;
  std::string want;
  for (const std::string& choice : choices) want += (want.empty() ? "" : ", ") + choice;
  wrong->emplace_back(path, "\"" + value + "\", want one of " + want);
}

Panel ToPanel(const BoardsFile::PanelSource& source, const std::string& path, Violations* wrong) {
  static const std::set<std::string> kUnits = {"count", "per_second", "ratio", "seconds", "minor", "bytes", "cores"};
  static const std::set<std::string> kCharts = {"line", "area", "bar", "stat"};
  Panel panel{source.id(),    source.unit(),           source.chart(),          source.label(),
              source.query(), ToWords(source.title()), ToWords(source.empty()), source.platform()};
  if (panel.id.empty()) wrong->emplace_back(path + ".id", "missing");
  if (panel.query.empty()) wrong->emplace_back(path + ".query", "missing");
  CheckWords(path + ".title", panel.title, wrong);
  CheckWords(path + ".empty", panel.empty, wrong);
  CheckChoice(path + ".unit", panel.unit, kUnits, wrong);
  CheckChoice(path + ".chart", panel.chart, kCharts, wrong);
  return panel;
}

Board ToBoard(const BoardsFile::BoardSource& source, const std::string& path, Violations* wrong) {
  Board board{source.id(), ToWords(source.title()), source.platform(), {}};
  CheckWords(path + ".title", board.title, wrong);
  std::set<std::string> ids;
  for (const auto& panel : source.panels()) {
    const std::string panel_path = path + "." + panel.id();
    board.panels.push_back(ToPanel(panel, panel_path, wrong));
    if (!ids.insert(panel.id()).second) wrong->emplace_back(panel_path, "twice on its board, want each id once");
    // A query that does not name the product would show an owner the others' numbers.
    const bool by_product = panel.query().find("$product") != std::string::npos;
    if (!by_product && !source.platform() && !panel.platform())
      wrong->emplace_back(panel_path, "query without $product, want platform: true");
  }
  return board;
}

}  // namespace

absl::StatusOr<Boards> Boards::Read(const std::string& path) {
  BoardsFile file;
  TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(path, &file));
  Violations wrong;
  std::vector<Board> boards;
  for (const auto& source : file.boards()) boards.push_back(ToBoard(source, "boards." + source.id(), &wrong));
  TRIVIUM_RETURN_IF_ERROR(FieldsError(wrong));
  return Boards(std::move(boards));
}

std::vector<Board> Boards::VisibleTo(const Viewer& viewer) const {
  std::vector<Board> visible;
  for (const Board& board : boards_) {
    if (board.platform && !viewer.SeesPlatform()) continue;
    visible.push_back(board);
    if (!viewer.SeesPlatform()) std::erase_if(visible.back().panels, [](const Panel& panel) { return panel.platform; });
  }
  return visible;
}

absl::StatusOr<Boards::Found> Boards::Find(const Viewer& viewer, std::string_view board_id,
                                           std::string_view panel_id) const {
  for (const Board& board : boards_) {
    if (board.id != board_id) continue;
    for (const Panel& panel : board.panels) {
      if (panel.id != panel_id) continue;
      if (board.platform || panel.platform) TRIVIUM_RETURN_IF_ERROR(RequirePlatform(viewer));
      return Found{&board, &panel};
    }
  }
  return Error(absl::StatusCode::kNotFound, "PANEL_NOT_FOUND",
               "board_id and panel_id: no such panel, want one of ListBoards");
}

absl::Status RequirePlatform(const Viewer& viewer) {
  if (viewer.SeesPlatform()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED",
               "role: owner, want platform_viewer or platform_admin");
}

}  // namespace trivium::ops
