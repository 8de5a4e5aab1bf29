// Migration files: names, order, statements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::mysql {

struct MigrationStatement {
  int line = 0;      // Of its first line, from 1.
  std::string text;  // Without the ";" and without comment lines.
};

struct MigrationFile {
  int version = 0;
  std::string name;  // "0001_create_payment.sql"
  std::vector<MigrationStatement> statements;
};

// Splits a file's text. INVALID_ARGUMENT when the last statement lacks its ";".
absl::StatusOr<std::vector<MigrationStatement>> SplitStatements(std::string_view text);

// All migrations of a folder, by version. NOT_FOUND without the folder; INVALID_ARGUMENT for a .sql file with another
// form of name; FAILED_PRECONDITION MIGRATION_GAP when versions are missing or doubled. Files that do not end in ".sql"
// are passed over.
absl::StatusOr<std::vector<MigrationFile>> ReadMigrations(const std::string& folder);

// SHA-256, hexadecimal, over the first `count` statements.
std::string MigrationChecksum(const MigrationFile& file, size_t count);

}  // namespace trivium::mysql
