#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/school-day/school.h"

namespace trivium::schoolday {
namespace {

constexpr const char* kSurnames[] = {"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周"};
constexpr const char* kGivenNames[] = {"子涵", "雨桐", "浩然", "欣怡", "梓轩", "诗涵", "宇航", "佳怡", "思远", "可馨"};

std::string Renamed(const std::string& product, const std::string& id) { return absl::StrCat(product, "-", id); }

}  // namespace

void SetStudentCount(School& school, int count, uint64_t seed) {
  if (static_cast<size_t>(count) < school.students.size()) school.students.resize(count);
  std::mt19937_64 random(seed);
  // Not std::uniform_int_distribution: its results differ between standard libraries.
  const auto pick = [&](size_t n) { return static_cast<size_t>(random() % n); };
  while (school.students.size() < static_cast<size_t>(count)) {
    Student student;
    student.student_id = absl::StrFormat("%s-X%05d", school.product, school.students.size() + 1);
    student.name = absl::StrCat(kSurnames[pick(std::size(kSurnames))], kGivenNames[pick(std::size(kGivenNames))]);
    student.grade = static_cast<int>(pick(12)) + 1;
    student.class_ids = {school.classes[pick(school.classes.size())].class_id};
    school.students.push_back(std::move(student));
  }
}

School ForProduct(const School& pattern, const std::string& product) {
  School school = pattern;
  school.product = product;
  for (Institution& institution : school.institutions)
    institution.institution_id = Renamed(product, institution.institution_id);
  for (Course& course : school.courses) {
    course.course_id = Renamed(product, course.course_id);
    course.institution_id = Renamed(product, course.institution_id);
  }
  for (Class& c : school.classes) {
    c.class_id = Renamed(product, c.class_id);
    c.course_id = Renamed(product, c.course_id);
  }
  for (Student& student : school.students) {
    student.student_id = Renamed(product, student.student_id);
    for (std::string& class_id : student.class_ids) class_id = Renamed(product, class_id);
  }
  return school;
}

}  // namespace trivium::schoolday
