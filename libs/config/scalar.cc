#include "libs/config/scalar.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/config/config.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "trivium/options/v1/options.pb.h"

namespace trivium::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kShownMax = 60;
constexpr size_t kFileMax = 64 << 10;
constexpr std::string_view kFile = "file:";

// What an error shows of a value; never a secret.
std::string Shown(std::string_view text, const FieldDescriptor& field) {
  if (field.options().GetExtension(trivium::options::v1::sensitive)) return "***";
  return absl::StrCat("'", ToAbsl(Utf8Prefix(text, kShownMax)), text.size() > kShownMax ? "..." : "", "'");
}

template <typename T>
std::string SetWith(T value, void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                    void (Reflection::*add)(Message*, const FieldDescriptor*, T) const, const FieldDescriptor& field,
                    Message* message) {
  (message->GetReflection()->*(field.is_repeated() ? add : set))(message, &field, value);
  return "";
}

template <typename T>
std::optional<T> ParseInteger(std::string_view text) {
  // SimpleAtoi would take blanks and "+".
  if (text.empty() || text.find_first_not_of("0123456789-") != std::string_view::npos) return std::nullopt;
  T value;
  if (!absl::SimpleAtoi(ToAbsl(text), &value)) return std::nullopt;
  return value;
}

template <typename T>
std::string SetInteger(std::string_view text, void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                       void (Reflection::*add)(Message*, const FieldDescriptor*, T) const, const FieldDescriptor& field,
                       Message* message) {
  const auto value = ParseInteger<T>(text);
  if (!value) {
    return absl::StrCat(Shown(text, field), ", want an integer from ", std::numeric_limits<T>::min(), " to ",
                        std::numeric_limits<T>::max());
  }
  return SetWith(*value, set, add, field, message);
}

std::string SetReal(std::string_view text, const FieldDescriptor& field, Message* message) {
  double value;
  if (!absl::SimpleAtod(ToAbsl(text), &value) || !std::isfinite(value)) {
    return absl::StrCat(Shown(text, field), ", want a number");
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    return SetWith(value, &Reflection::SetDouble, &Reflection::AddDouble, field, message);
  }
  if (std::abs(value) > std::numeric_limits<float>::max()) {
    return absl::StrCat(Shown(text, field), ", want a number of at most 3.4e38");
  }
  return SetWith(static_cast<float>(value), &Reflection::SetFloat, &Reflection::AddFloat, field, message);
}

std::string SetBool(std::string_view text, const FieldDescriptor& field, Message* message) {
  if (text != "true" && text != "false") return absl::StrCat(Shown(text, field), ", want true or false");
  return SetWith(text == "true", &Reflection::SetBool, &Reflection::AddBool, field, message);
}

std::string SetEnum(std::string_view text, const FieldDescriptor& field, Message* message) {
  const auto& type = *field.enum_type();
  if (const auto* value = type.FindValueByName(std::string(text))) {
    return SetWith(value, &Reflection::SetEnum, &Reflection::AddEnum, field, message);
  }
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
  const std::string nearest = NearestName(text, names);
  std::string wanted = nearest;
  if (nearest.empty()) {
    for (const auto& name : names) absl::StrAppend(&wanted, wanted.empty() ? "one of " : ", ", name);
  }
  return absl::StrCat(Shown(text, field), ", want ", wanted);
}

std::string SetString(std::string_view text, const FieldDescriptor& field, Message* message) {
  std::string expanded;
  if (std::string wrong = Expand(text, &expanded); !wrong.empty()) return wrong;
  const Reflection& reflection = *message->GetReflection();
  if (field.is_repeated()) {
    reflection.AddString(message, &field, std::move(expanded));
  } else {
    reflection.SetString(message, &field, std::move(expanded));
  }
  return "";
}

std::string SetDuration(std::string_view text, const FieldDescriptor& field, Message* message) {
  absl::Duration value;
  const bool parsed = absl::ParseDuration(ToAbsl(text), &value);
  // 10,000 years: the range of google.protobuf.Duration.
  if (!parsed || value < absl::ZeroDuration() || value > absl::Seconds(315'576'000'000)) {
    return absl::StrCat(Shown(text, field), ", want a duration such as 30s, 200ms or 1h30m");
  }
  const Reflection& reflection = *message->GetReflection();
  Message* target =
      field.is_repeated() ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field);
  google::protobuf::Duration duration;
  duration.set_seconds(absl::IDivDuration(value, absl::Seconds(1), &value));
  duration.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(value)));
  target->CopyFrom(duration);
  return "";
}

bool IsName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
         std::string_view::npos;
}

std::string FromEnvironment(const std::string& name, std::string* value) {
  if (!IsName(name)) return "'${...', want ${NAME}, ${file:/PATH}, or $${ for a plain ${";
  const char* found = std::getenv(name.c_str());
  if (found == nullptr) return absl::StrCat("environment variable ", name, " is not set");
  if (!IsValidUtf8(found)) return absl::StrCat("environment variable ", name, " is not UTF-8");
  *value = found;
  return "";
}

// The file's text without the newline at its end. An empty file is a secret that nobody has written yet.
std::string FromFile(const std::string& path, std::string* value) {
  if (path.empty() || path[0] != '/') return absl::StrCat("file '", path, "', want an absolute path");
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileMax + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) return absl::StrCat("file ", path, " cannot be read");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kFileMax) return absl::StrCat("file ", path, " is too long, want at most 64 KiB");
  text.erase(text.find_last_not_of("\r\n") + 1);
  if (text.empty()) return absl::StrCat("file ", path, " is empty");
  if (!IsValidUtf8(text) || text.find('\0') != std::string::npos) return absl::StrCat("file ", path, " is not UTF-8");
  *value = std::move(text);
  return "";
}

}  // namespace

std::string SetScalar(std::string_view text, bool quoted, const FieldDescriptor& field, Message* message) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return SetString(text, field, message);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetDuration(text, field, message);
    default:
      break;
  }
  if (quoted) return absl::StrCat(Shown(text, field), ", want it without quotes");
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return SetInteger<int32_t>(text, &Reflection::SetInt32, &Reflection::AddInt32, field, message);
    case FieldDescriptor::CPPTYPE_INT64:
      return SetInteger<int64_t>(text, &Reflection::SetInt64, &Reflection::AddInt64, field, message);
    case FieldDescriptor::CPPTYPE_UINT32:
      return SetInteger<uint32_t>(text, &Reflection::SetUInt32, &Reflection::AddUInt32, field, message);
    case FieldDescriptor::CPPTYPE_UINT64:
      return SetInteger<uint64_t>(text, &Reflection::SetUInt64, &Reflection::AddUInt64, field, message);
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetBool(text, field, message);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(text, field, message);
    default:
      return SetReal(text, field, message);
  }
}

std::string Expand(std::string_view text, std::string* expanded) {
  expanded->clear();
  while (!text.empty()) {
    if (text.starts_with("$${")) {
      expanded->append("${");
      text.remove_prefix(3);
      continue;
    }
    if (!text.starts_with("${")) {
      expanded->push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    const size_t end = text.find('}');
    const std::string_view name = end == std::string_view::npos ? "" : text.substr(2, end - 2);
    std::string value;
    const std::string wrong = name.starts_with(kFile) ? FromFile(std::string(name.substr(kFile.size())), &value)
                                                      : FromEnvironment(std::string(name), &value);
    if (!wrong.empty()) return wrong;
    expanded->append(value);
    text.remove_prefix(end + 1);
  }
  return "";
}

}  // namespace trivium::config
