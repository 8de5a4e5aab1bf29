#include "examples/school-day/timetable_file.h"

#include <yaml-cpp/yaml.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "examples/school-day/timetable.pb.h"
#include "libs/config/config.h"
#include "libs/text/utf8.h"

namespace trivium::schoolday {
namespace {

bool IsTimeOfDay(const std::string& text) {
  if (text.size() != 5 || text[2] != ':') return false;
  for (const size_t i : {0, 1, 3, 4}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  return text.substr(0, 2) < "24" && text.substr(3) < "60";
}

// The YAML is read twice: into the message for its values, and plainly for the lines of fields that turn out to be
// wrong.
class ClassCheck {
 public:
  ClassCheck(const YAML::Node& node, int index, const std::string& file, Problems& problems)
      : node_(node), index_(index), file_(file), problems_(problems) {}

  void Want(bool ok, const char* field, const std::string& value, const std::string& want) {
    if (ok) return;
    const YAML::Node at = node_[field];
    const int line = (at.IsDefined() ? at.Mark().line : node_.Mark().line) + 1;
    problems_.Add(file_, line, absl::StrCat("classes[", index_, "].", field),
                  absl::StrCat("'", value, "', want ", want));
    ok_ = false;
  }
  bool ok() const { return ok_; }

 private:
  const YAML::Node node_;
  const int index_;
  const std::string& file_;
  Problems& problems_;
  bool ok_ = true;
};

}  // namespace

std::vector<Class> ReadTimetable(const std::string& text, const std::string& file, const School& school,
                                 Problems& problems) {
  Timetable timetable;
  if (const absl::Status status = config::ParseYaml(text, file, &timetable); !status.ok()) {
    // "<file>:<line>: <field>: ..." already.
    for (const absl::string_view line : absl::StrSplit(status.message(), '\n')) {
      const std::vector<std::string> parts = absl::StrSplit(line.substr(file.size() + 1), absl::MaxSplits(": ", 1));
      problems.Add(file, std::stoi(parts[0]), "", parts.back());
    }
    return {};
  }
  const YAML::Node nodes = YAML::Load(text)["classes"];
  std::vector<Class> classes;
  std::set<std::string> seen;
  for (int i = 0; i < timetable.classes_size(); ++i) {
    const Timetable::Class& row = timetable.classes(i);
    ClassCheck check(nodes[i], i, file, problems);
    check.Want(!row.class_id().empty(), "class_id", "", "an id");
    check.Want(seen.insert(row.class_id()).second, "class_id", row.class_id(), "an id that is not in the file already");
    check.Want(school.FindCourse(row.course_id()) != nullptr, "course_id", row.course_id(), "a course of courses.csv");
    check.Want(!row.teacher().empty() && Utf8Length(row.teacher()) <= 40, "teacher", row.teacher(), "1-40 characters");
    check.Want(row.weekday() != Timetable::WEEKDAY_UNSPECIFIED, "weekday", Timetable::Weekday_Name(row.weekday()),
               "MONDAY to SUNDAY");
    check.Want(IsTimeOfDay(row.start()), "start", row.start(), "HH:MM from 00:00 to 23:59");
    check.Want(row.length().seconds() >= 600 && row.length().seconds() <= 4 * 3600, "length",
               absl::StrCat(row.length().seconds(), "s"), "10m to 4h");
    check.Want(row.seats() >= 1 && row.seats() <= 100'000, "seats", absl::StrCat(row.seats()), "1-100000");
    if (!check.ok()) continue;
    classes.push_back({row.class_id(), row.course_id(), row.teacher(), row.seats(), row.canceled(), row.open_lesson(),
                       row.weekday(), row.start()});
  }
  return classes;
}

}  // namespace trivium::schoolday
