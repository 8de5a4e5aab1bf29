#include "libs/command_line/command_line.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/config/config.h"

namespace trivium::command_line {
namespace {

using Value = Flag::Value;

constexpr size_t kLineWidth = 118;

// "Length of each phase" and " Default: 10." and so on.
std::string Sentence(const std::string& help, const std::string& range, const std::string& preset) {
  return absl::StrCat(help, range.empty() ? "" : ", ", range, ".", preset.empty() ? "" : " Default: ", preset,
                      preset.empty() ? "" : ".");
}

template <typename T>
Flag NumberFlag(const std::string& usage, T* field, T least, T most, const std::string& help) {
  const std::string range = absl::StrCat(least, "-", most);
  const bool preset = *field >= least && *field <= most;
  const bool bounded = most < std::numeric_limits<T>::max();
  return {usage, Value::kWanted,
          [=](const std::string& value) -> std::string {
            T number = 0;
            if (!absl::SimpleAtoi(value, &number) || number < least || number > most) return range;
            *field = number;
            return "";
          },
          Sentence(help, bounded ? range : "", preset ? absl::StrCat(*field) : "")};
}

std::optional<std::vector<int>> ReadNumbers(const std::string& text, int least, int most) {
  std::vector<int> numbers;
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  for (const std::string& part : parts) {
    int number = 0;
    if (!absl::SimpleAtoi(part, &number) || number < least || number > most) return std::nullopt;
    numbers.push_back(number);
  }
  return numbers;
}

const Flag* Find(const CommandLine& line, const std::string& name) {
  const auto flag = std::find_if(line.flags.begin(), line.flags.end(), [&](const Flag& f) { return f.name() == name; });
  return flag == line.flags.end() ? nullptr : &*flag;
}

bool IsFlag(const CommandLine& line, const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  return name == "--help" || Find(line, name) != nullptr;
}

absl::Status Unknown(const CommandLine& line, const std::string& name) {
  std::vector<std::string> names = {"--help"};
  for (const Flag& flag : line.flags) names.push_back(flag.name());
  const std::string nearest = config::NearestName(name, names);
  return absl::InvalidArgumentError(absl::StrCat(name.empty() ? "''" : name, ": unknown flag",
                                                 nearest.empty() ? "" : ", do you mean ", nearest,
                                                 nearest.empty() ? "" : "?"));
}

absl::Status Bad(const std::string& name, const std::string& value, const std::string& want) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": '", value, "', want ", want));
}

bool IsWord(const std::string& argument) { return argument == "-" || argument.empty() || argument[0] != '-'; }

// The flag at *at; its value may be the next argument, and *at is then there.
absl::Status TakeFlag(const CommandLine& line, const std::vector<std::string>& arguments, size_t* at) {
  const std::string& argument = arguments[*at];
  const size_t equals = argument.find('=');
  const bool has_value = equals != std::string::npos;
  const std::string name = argument.substr(0, equals);
  const Flag* flag = Find(line, name);
  if (flag == nullptr && name != "--help") return Unknown(line, name);
  std::string value = has_value ? argument.substr(equals + 1) : "";
  if (flag == nullptr || (has_value && flag->value == Value::kNone)) return Bad(name, value, "no value");
  if (!has_value && flag->value == Value::kWanted) {
    if (*at + 1 == arguments.size() || IsFlag(line, arguments[*at + 1])) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": want a value"));
    }
    value = arguments[++*at];
  }
  const std::string want = flag->store(value);
  return want.empty() ? absl::OkStatus() : Bad(name, value, want);
}

// The text from this column on, where the line stands already.
void AppendWrapped(const std::string& text, size_t column, std::string& out) {
  size_t at = column;
  for (const auto& word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (at > column && at + 1 + word.size() > kLineWidth) {
      absl::StrAppend(&out, "\n", std::string(column, ' '));
      at = column;
    }
    absl::StrAppend(&out, at > column ? " " : "", word);
    at += (at > column ? 1 : 0) + word.size();
  }
}

}  // namespace

Flag Switch(const std::string& usage, bool* field, const std::string& help) {
  return {usage, Value::kNone,
          [field](const std::string&) {
            *field = true;
            return "";
          },
          Sentence(help, "", "")};
}

Flag Number(const std::string& usage, int* field, int least, int most, const std::string& help) {
  return NumberFlag(usage, field, least, most, help);
}

Flag Number(const std::string& usage, uint64_t* field, uint64_t least, uint64_t most, const std::string& help) {
  return NumberFlag(usage, field, least, most, help);
}

Flag Numbers(const std::string& usage, std::vector<int>* field, int least, int most, const std::string& help) {
  const std::string range = absl::StrCat(least, "-", most, " each");
  return {usage, Value::kWanted,
          [=](const std::string& value) -> std::string {
            std::optional<std::vector<int>> numbers = ReadNumbers(value, least, most);
            if (!numbers.has_value()) return absl::StrCat(range, ", with commas between them");
            *field = *std::move(numbers);
            return "";
          },
          Sentence(help, range, absl::StrJoin(*field, ","))};
}

Flag Text(const std::string& usage, std::string* field, const std::string& help) {
  return {usage, Value::kWanted,
          [field](const std::string& value) {
            if (value.empty()) return "a value";
            *field = value;
            return "";
          },
          Sentence(help, "", *field)};
}

Flag TextOrNothing(const std::string& usage, std::string* field, const std::string& help) {
  Flag flag = Text(usage, field, help);
  flag.store = [field](const std::string& value) {
    *field = value;
    return "";
  };
  return flag;
}

Flag Texts(const std::string& usage, std::vector<std::string>* field, const std::string& help) {
  return {usage, Value::kWanted,
          [field](const std::string& value) {
            std::vector<std::string> texts = absl::StrSplit(value, ',', absl::SkipEmpty());
            if (texts.empty()) return "a value";
            *field = std::move(texts);
            return "";
          },
          Sentence(help, "", absl::StrJoin(*field, ","))};
}

Flag OneOf(const std::string& usage, std::string* field, const std::vector<std::string>& choices,
           const std::string& help) {
  return {usage, Value::kWanted,
          [field, choices](const std::string& value) -> std::string {
            if (std::find(choices.begin(), choices.end(), value) == choices.end())
              return absl::StrJoin(choices, " or ");
            *field = value;
            return "";
          },
          Sentence(help, "", *field)};
}

std::string Help(const CommandLine& line) {
  size_t widest = 0;
  for (const Flag& flag : line.flags) widest = std::max(widest, flag.usage.size());
  std::string text = absl::StrCat(line.about, "\n\n");
  for (const Flag& flag : line.flags) {
    absl::StrAppend(&text, "  ", flag.usage, std::string(widest + 2 - flag.usage.size(), ' '));
    AppendWrapped(flag.help, widest + 4, text);
    absl::StrAppend(&text, "\n");
  }
  return absl::StrCat(text, line.end.empty() ? "" : "\n", line.end, line.end.empty() ? "" : "\n");
}

absl::Status Parse(const std::vector<std::string>& arguments, const CommandLine& line, std::string* help) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--help") {
      *help = Help(line);
      return absl::OkStatus();
    }
    absl::Status taken = line.word && IsWord(arguments[i]) ? line.word(arguments[i]) : TakeFlag(line, arguments, &i);
    if (!taken.ok()) return taken;
  }
  return absl::OkStatus();
}

std::optional<int> ExitStatus(const absl::Status& read, const std::string& help) {
  if (!read.ok()) {
    std::fprintf(stderr, "%s; --help lists the flags\n", std::string(read.message()).c_str());
    return 2;
  }
  if (help.empty()) return std::nullopt;
  std::fputs(help.c_str(), stdout);
  return 0;
}

}  // namespace trivium::command_line
