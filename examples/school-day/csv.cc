#include "examples/school-day/csv.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/text/utf8.h"

namespace trivium::schoolday {
namespace {

constexpr size_t kProblemsMax = 50;

bool IsText(const std::string& cell) {
  return IsValidUtf8(cell) &&
         std::none_of(cell.begin(), cell.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// Cuts text into rows and cells.
class Cutter {
 public:
  explicit Cutter(std::string_view text) : rest_(text) {}

  // The next row, empty lines skipped; nothing at the end or after an unfinished quote.
  std::optional<CsvRow> Next() {
    while (!rest_.empty() && (rest_.front() == '\n' || rest_.starts_with("\r\n"))) Take();
    if (rest_.empty()) return std::nullopt;
    CsvRow row{line_, {""}};
    while (!rest_.empty() && !unfinished_) {
      const char c = Take();
      if (c == '\n') break;
      if (c == ',') {
        row.cells.emplace_back();
      } else if (c == '"' && row.cells.back().empty()) {
        TakeQuoted(row.cells.back());
      } else if (c != '\r' || !rest_.starts_with('\n')) {
        row.cells.back() += c;
      }
    }
    return row;
  }
  bool unfinished() const { return unfinished_; }

 private:
  char Take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '\n') ++line_;
    return c;
  }
  void TakeQuoted(std::string& cell) {
    while (!rest_.empty()) {
      const char c = Take();
      if (c != '"') {
        cell += c;
      } else if (rest_.starts_with('"')) {
        cell += Take();
      } else {
        return;
      }
    }
    unfinished_ = true;
  }

  std::string_view rest_;
  int line_ = 1;
  bool unfinished_ = false;
};

}  // namespace

void Problems::Add(const std::string& file, int line, const std::string& field, const std::string& what) {
  if (found_.size() >= kProblemsMax) return;
  const auto known = std::find(files_.begin(), files_.end(), file);
  const auto index = static_cast<size_t>(known - files_.begin());
  if (known == files_.end()) files_.push_back(file);
  found_.push_back({index, line, absl::StrCat(file, ":", line, ": ", field, field.empty() ? "" : ": ", what)});
}

std::vector<std::string> Problems::lines() const {
  std::vector<Problem> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line) < std::tie(b.file, b.line);
  });
  std::vector<std::string> lines;
  for (const Problem& problem : sorted) lines.push_back(problem.text);
  return lines;
}

std::vector<CsvRow> ParseCsv(std::string_view text, const std::string& file, const std::vector<std::string>& header,
                             Problems& problems) {
  Cutter cutter(text);
  const std::optional<CsvRow> first = cutter.Next();
  if (!first || first->cells != header) {
    problems.Add(file, 1, "", absl::StrCat("want the header ", absl::StrJoin(header, ",")));
    return {};
  }
  std::vector<CsvRow> rows;
  while (std::optional<CsvRow> row = cutter.Next()) {
    if (cutter.unfinished()) {
      const size_t column = std::min(row->cells.size(), header.size()) - 1;
      problems.Add(file, row->line, header[column], "a quote that never ends");
      return rows;
    }
    if (row->cells.size() != header.size()) {
      problems.Add(file, row->line, "",
                   absl::StrCat(row->cells.size(), " cells, want ", header.size(), ": ", absl::StrJoin(header, ",")));
      continue;
    }
    const auto bad = std::find_if_not(row->cells.begin(), row->cells.end(), IsText);
    if (bad != row->cells.end()) {
      problems.Add(file, row->line, header[bad - row->cells.begin()], "want UTF-8 text without control characters");
      continue;
    }
    rows.push_back(*std::move(row));
  }
  return rows;
}

}  // namespace trivium::schoolday
