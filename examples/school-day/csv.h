// CSV files (RFC 4180: quotes, doubled quotes) with a header line, read strictly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trivium::schoolday {

// Gathers what is wrong in data files: "students.csv:12: grade: 'x', want 1-12".
class Problems {
 public:
  void Add(const std::string& file, int line, const std::string& field, const std::string& what);
  bool empty() const { return found_.empty(); }
  // In the order of files as they were first named, then of lines; the first 50.
  std::vector<std::string> lines() const;

 private:
  struct Problem {
    size_t file;  // Index in files_.
    int line;
    std::string text;
  };
  std::vector<std::string> files_;
  std::vector<Problem> found_;
};

struct CsvRow {
  int line = 0;                    // Of its first character, from 1.
  std::vector<std::string> cells;  // As many as the header has.
};

// The rows of `text` below its header, which must be exactly `header`. Rows with another number of cells, and text that
// is not UTF-8 or holds control characters, become problems and are left out. An unfinished quote ends the reading.
std::vector<CsvRow> ParseCsv(std::string_view text, const std::string& file, const std::vector<std::string>& header,
                             Problems& problems);

}  // namespace trivium::schoolday
