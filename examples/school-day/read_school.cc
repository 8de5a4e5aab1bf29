#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "examples/school-day/csv.h"
#include "examples/school-day/school.h"
#include "examples/school-day/timetable_file.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"

namespace trivium::schoolday {
namespace {

constexpr int64_t kPriceMax = 100'000'000;

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Checks the cells of one row.
class RowCheck {
 public:
  RowCheck(const std::string& file, int line, Problems& problems) : file_(file), line_(line), problems_(problems) {}

  void Fail(const std::string& field, const std::string& value, const std::string& want) {
    problems_.Add(file_, line_, field, absl::StrCat("'", value, "', want ", want));
    ok_ = false;
  }
  // An id that payment takes as institution_id, too; unique.
  void Id(const std::string& field, const std::string& id, std::set<std::string>& seen) {
    static constexpr char kAllowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    if (id.empty() || id.size() > 40 || id.find_first_not_of(kAllowed) != std::string::npos) {
      Fail(field, id, "1-40 characters of A-Z a-z 0-9 . _ : -");
    } else if (!seen.insert(id).second) {
      Fail(field, id, "an id that is not in the file already");
    }
  }
  void Name(const std::string& field, const std::string& name) {
    if (name.empty() || Utf8Length(name) > 40) Fail(field, name, "1-40 characters");
  }
  bool ok() const { return ok_; }

 private:
  const std::string& file_;
  const int line_;
  Problems& problems_;
  bool ok_ = true;
};

std::vector<Institution> ReadInstitutions(const std::string& text, const std::string& file, Problems& problems) {
  std::vector<Institution> institutions;
  std::set<std::string> seen;
  for (const CsvRow& row : ParseCsv(text, file, {"institution_id", "name", "city"}, problems)) {
    RowCheck check(file, row.line, problems);
    check.Id("institution_id", row.cells[0], seen);
    check.Name("name", row.cells[1]);
    check.Name("city", row.cells[2]);
    if (check.ok()) institutions.push_back({row.cells[0], row.cells[1], row.cells[2]});
  }
  return institutions;
}

std::vector<Course> ReadCourses(const std::string& text, const std::string& file,
                                const std::vector<Institution>& institutions, Problems& problems) {
  std::vector<Course> courses;
  std::set<std::string> seen;
  for (const CsvRow& row :
       ParseCsv(text, file, {"course_id", "institution_id", "name", "level", "price_yuan"}, problems)) {
    RowCheck check(file, row.line, problems);
    Course course{row.cells[0], row.cells[1], row.cells[2], row.cells[3]};
    check.Id("course_id", course.course_id, seen);
    const bool known = std::any_of(institutions.begin(), institutions.end(), [&](const Institution& institution) {
      return institution.institution_id == course.institution_id;
    });
    if (!known) check.Fail("institution_id", course.institution_id, "one of institutions.csv");
    check.Name("name", course.name);
    check.Name("level", course.level);
    if (!ParseYuan(row.cells[4], &course.price_minor)) {
      check.Fail("price_yuan", row.cells[4], "0.01 to 1000000 with at most two decimals");
    }
    if (check.ok()) courses.push_back(course);
  }
  return courses;
}

std::vector<std::string> SplitClasses(const std::string& cell) { return absl::StrSplit(cell, ';', absl::SkipEmpty()); }

void ReadStudents(const std::string& text, const std::string& file, School& school, Problems& problems) {
  std::set<std::string> seen;
  std::map<std::string, int> taken;
  for (const CsvRow& row : ParseCsv(text, file, {"student_id", "name", "grade", "class_ids"}, problems)) {
    RowCheck check(file, row.line, problems);
    Student student{row.cells[0], row.cells[1], 0, SplitClasses(row.cells[3])};
    check.Id("student_id", student.student_id, seen);
    check.Name("name", student.name);
    if (!absl::SimpleAtoi(row.cells[2], &student.grade) || student.grade < 1 || student.grade > 12) {
      check.Fail("grade", row.cells[2], "1-12");
    }
    if (student.class_ids.empty()) check.Fail("class_ids", "", "classes of timetable.yaml, separated by ;");
    std::set<std::string> mine;
    for (const std::string& class_id : student.class_ids) {
      const Class* found = school.FindClass(class_id);
      if (found == nullptr) {
        check.Fail("class_ids", class_id, "a class of timetable.yaml");
      } else if (!mine.insert(class_id).second) {
        check.Fail("class_ids", class_id, "each class once");
      }
    }
    // Only students who are otherwise right take a seat.
    for (const std::string& class_id : check.ok() ? student.class_ids : std::vector<std::string>()) {
      const int seats = school.FindClass(class_id)->seats;
      if (++taken[class_id] > seats) {
        check.Fail("class_ids", class_id, absl::StrCat("a class with a free seat (it has ", seats, ")"));
      }
    }
    if (check.ok()) school.students.push_back(student);
  }
}

}  // namespace

const Course* School::FindCourse(const std::string& course_id) const {
  const auto found =
      std::find_if(courses.begin(), courses.end(), [&](const Course& c) { return c.course_id == course_id; });
  return found == courses.end() ? nullptr : &*found;
}

const Class* School::FindClass(const std::string& class_id) const {
  const auto found =
      std::find_if(classes.begin(), classes.end(), [&](const Class& c) { return c.class_id == class_id; });
  return found == classes.end() ? nullptr : &*found;
}

bool ParseYuan(const std::string& text, int64_t* minor) {
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  const auto digits = [](const std::string& part, size_t most) {
    return !part.empty() && part.size() <= most && part.find_first_not_of("0123456789") == std::string::npos;
  };
  if (parts.size() > 2 || !digits(parts[0], 7) || (parts.size() == 2 && !digits(parts[1], 2))) return false;
  std::string fen = parts.size() == 2 ? parts[1] : "";
  fen.resize(2, '0');
  *minor = std::stoll(parts[0]) * 100 + std::stoll(fen);
  return *minor >= 1 && *minor <= kPriceMax;
}

absl::StatusOr<School> ReadSchool(const std::string& folder, const std::string& product) {
  const auto path = [&](const char* name) { return absl::StrCat(folder, "/", name); };
  const std::string files[] = {path("institutions.csv"), path("courses.csv"), path("timetable.yaml"),
                               path("students.csv")};
  std::vector<std::string> texts;
  for (const std::string& file : files) {
    TRIVIUM_ASSIGN_OR_RETURN(std::string text, ReadText(file));
    texts.push_back(std::move(text));
  }
  Problems problems;
  School school;
  school.product = product;
  school.institutions = ReadInstitutions(texts[0], files[0], problems);
  school.courses = ReadCourses(texts[1], files[1], school.institutions, problems);
  school.classes = ReadTimetable(texts[2], files[2], school, problems);
  ReadStudents(texts[3], files[3], school, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems.lines(), "\n"));
  return school;
}

}  // namespace trivium::schoolday
