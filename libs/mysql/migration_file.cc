#include "libs/mysql/migration_file.h"

#include <openssl/evp.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::mysql {
namespace {

absl::StatusOr<MigrationFile> ReadMigration(const std::filesystem::path& path) {
  static const std::regex* const kName = new std::regex("([0-9]{4})_[a-z0-9_]+\\.sql");
  MigrationFile file{.name = path.filename().string()};
  std::smatch match;
  if (!std::regex_match(file.name, match, *kName)) {
    return absl::InvalidArgumentError(path.string() + ": name, want NNNN_what.sql in lower case");
  }
  file.version = std::stoi(match[1]);
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return absl::UnavailableError(path.string() + ": cannot be read");
  absl::StatusOr<std::vector<MigrationStatement>> statements = SplitStatements(text.str());
  if (!statements.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ":", statements.status().message()));
  }
  file.statements = *std::move(statements);
  return file;
}

}  // namespace

absl::StatusOr<std::vector<MigrationStatement>> SplitStatements(std::string_view text) {
  std::vector<MigrationStatement> statements;
  MigrationStatement current;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    ++number;
    const absl::string_view bare = absl::StripAsciiWhitespace(line);
    if (bare.empty() || absl::StartsWith(bare, "--")) continue;
    if (current.text.empty()) current.line = number;
    absl::StrAppend(&current.text, current.text.empty() ? "" : "\n", absl::StripTrailingAsciiWhitespace(line));
    if (bare.back() != ';') continue;
    current.text.pop_back();
    if (!absl::StripAsciiWhitespace(current.text).empty()) statements.push_back(std::move(current));
    current = {};
  }
  if (!current.text.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(current.line, ": statement without its end, want \";\" at a line's end"));
  }
  return statements;
}

absl::StatusOr<std::vector<MigrationFile>> ReadMigrations(const std::string& folder) {
  std::error_code error;
  std::vector<MigrationFile> files;
  std::filesystem::directory_iterator entries(folder, error);
  if (error) return absl::NotFoundError(folder + ": no such folder of migrations");
  for (const std::filesystem::directory_entry& entry : entries) {
    if (entry.path().extension() != ".sql") continue;
    TRIVIUM_ASSIGN_OR_RETURN(MigrationFile file, ReadMigration(entry.path()));
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (size_t i = 0; i < files.size(); ++i) {
    const int want = static_cast<int>(i) + 1;
    if (files[i].version == want) continue;
    return Error(absl::StatusCode::kFailedPrecondition, "MIGRATION_GAP",
                 absl::StrFormat("%s/%s: number %d, want %04d next", folder, files[i].name, files[i].version, want));
  }
  return files;
}

std::string MigrationChecksum(const MigrationFile& file, size_t count) {
  std::string all;
  for (size_t i = 0; i < std::min(count, file.statements.size()); ++i)
    absl::StrAppend(&all, file.statements[i].text, ";\n");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(all.data(), all.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace trivium::mysql
