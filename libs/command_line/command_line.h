// A program's command line as one table: each flag, what it takes and within which range, where that is stored, and
// what --help says of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivium::command_line {

// "--name value" or "--name=value". The functions below make the usual ones.
struct Flag {
  enum class Value {
    kNone,      // "--name" alone.
    kOptional,  // "--name", or "--name=value"; never the next word.
    kWanted,
  };

  std::string usage;  // As --help shows it, the name and what follows it: "--seconds N", "--operator[=NAME]".
  Value value;
  // Takes a value; "" when there is none. Returns what it wants instead: then nothing may have changed. "": it is good.
  std::function<std::string(const std::string& value)> store;
  std::string help;  // A sentence or more.

  std::string name() const { return usage.substr(0, usage.find_first_of(" [")); }
};

// Each stores into *field, which outlives the flag and holds the default already. --help ends with range and default
// (when it is one that could be given): `help` has no full stop of its own.
Flag Switch(const std::string& usage, bool* field, const std::string& help);
Flag Number(const std::string& usage, int* field, int least, int most, const std::string& help);
Flag Number(const std::string& usage, uint64_t* field, uint64_t least, uint64_t most, const std::string& help);
// Numbers with commas between them.
Flag Numbers(const std::string& usage, std::vector<int>* field, int least, int most, const std::string& help);
// Not empty.
Flag Text(const std::string& usage, std::string* field, const std::string& help);
Flag TextOrNothing(const std::string& usage, std::string* field, const std::string& help);
// Texts with commas between them; empty ones do not count, but one there must be.
Flag Texts(const std::string& usage, std::vector<std::string>* field, const std::string& help);
Flag OneOf(const std::string& usage, std::string* field, const std::vector<std::string>& choices,
           const std::string& help);

struct CommandLine {
  std::string about;        // Above the flags, in --help.
  std::vector<Flag> flags;  // In the order of --help, which is none of them.
  std::string end;          // Below them.
  // Takes a word that is no flag ("-" is none, either). Without it such a word is refused.
  std::function<absl::Status(const std::string& word)> word;
};

// What --help prints.
std::string Help(const CommandLine& line);

// Reads the arguments, without the program's name, from left to right; of a flag that is given twice the last one
// holds. --help ends the reading: *help is what to print, and what must be given need not be. Otherwise *help stays as
// it is.
// INVALID_ARGUMENT "--seconds: '0', want 1-3600", "--seconds: want a value", or "--second: unknown flag, do you mean
// --seconds?". A flag's name is never the value of the one before it; "--name=--other" says that it is.
absl::Status Parse(const std::vector<std::string>& arguments, const CommandLine& line, std::string* help);

// What main does next: nullopt, go on; else the exit status, after the help (0) or what is wrong (2) was printed.
std::optional<int> ExitStatus(const absl::Status& read, const std::string& help);
template <typename Flags>  // With a member `help`, from Parse.
std::optional<int> ExitStatus(const absl::StatusOr<Flags>& flags) {
  return ExitStatus(flags.status(), flags.ok() ? flags->help : "");
}

}  // namespace trivium::command_line
