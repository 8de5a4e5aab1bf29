#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/config/config.h"
#include "libs/config/scalar.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kBytesMax = 1 << 20;
constexpr size_t kErrorsMax = 10;
constexpr int kDepthMax = 32;
// Aliases let a small file name the same node again and again.
constexpr int kNodesMax = 100'000;

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

bool IsDuration(const FieldDescriptor& field) {
  return field.message_type() != nullptr && field.message_type()->full_name() == "google.protobuf.Duration";
}

// Walks the YAML along the message's fields and gathers what is wrong.
class Reader {
 public:
  explicit Reader(std::string_view source) : source_(source) {}

  void ReadMessage(const YAML::Node& node, const std::string& path, int depth, Message* message);
  absl::Status status() const {
    return errors_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
  }

 private:
  void ReadField(const YAML::Node& node, const std::string& path, int depth, const FieldDescriptor& field,
                 Message* message);
  void ReadList(const YAML::Node& node, const std::string& path, int depth, const FieldDescriptor& field,
                Message* message);
  void ReadMap(const YAML::Node& node, const std::string& path, int depth, const FieldDescriptor& field,
               Message* message);
  // One value: of a singular field, or one more of a repeated one.
  void ReadValue(const YAML::Node& node, const std::string& path, int depth, const FieldDescriptor& field,
                 Message* message);
  void Fail(const YAML::Node& node, const std::string& path, const std::string& what) {
    if (errors_.size() >= kErrorsMax) return;
    const std::string field = path.empty() ? "" : absl::StrCat(path, ": ");
    errors_.push_back(absl::StrCat(ToAbsl(source_), ":", node.Mark().line + 1, ": ", field, what));
  }
  bool TooMuch(const YAML::Node& node, int depth) {
    if (depth <= kDepthMax && ++nodes_ <= kNodesMax) return false;
    if (!exhausted_) Fail(node, "", "nested too deeply, or too many values");
    exhausted_ = true;
    return true;
  }

  const std::string_view source_;
  std::vector<std::string> errors_;
  int nodes_ = 0;
  bool exhausted_ = false;
};

void Reader::ReadMessage(const YAML::Node& node, const std::string& path, int depth, Message* message) {
  if (TooMuch(node, depth)) return;
  if (!node.IsMap()) return Fail(node, path, "want fields, as `name: value`");
  const Descriptor& type = *message->GetDescriptor();
  std::set<std::string> seen;
  std::set<const google::protobuf::OneofDescriptor*> choices;
  for (const auto& entry : node) {
    if (exhausted_) return;
    if (!entry.first.IsScalar()) {
      Fail(entry.first, path, "want a field's name");
      continue;
    }
    const std::string& name = entry.first.Scalar();
    const std::string inner = path.empty() ? name : absl::StrCat(path, ".", name);
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (field == nullptr) {
      const std::string nearest = NearestName(name, FieldNames(type));
      const std::string wanted = nearest.empty() ? absl::StrJoin(FieldNames(type), ", ") : nearest;
      Fail(entry.first, std::string(Utf8Prefix(inner, 200)), absl::StrCat("unknown field, want ", wanted));
      continue;
    }
    if (!seen.insert(name).second) {
      Fail(entry.first, inner, "given twice");
      continue;
    }
    const auto* choice = field->real_containing_oneof();
    if (choice != nullptr && !choices.insert(choice).second) {
      Fail(entry.first, inner, absl::StrCat("want only one field of ", choice->name()));
      continue;
    }
    if (entry.second.IsNull()) {
      Fail(entry.first, inner, "has no value");  // A missing value has no line of its own.
      continue;
    }
    ReadField(entry.second, inner, depth, *field, message);
  }
}

void Reader::ReadField(const YAML::Node& node, const std::string& path, int depth, const FieldDescriptor& field,
                       Message* message) {
  if (TooMuch(node, depth)) return;
  if (!field.is_repeated()) return ReadValue(node, path, depth, field, message);
  // Lists and maps replace what was there: merging them would make it impossible to take an entry away.
  message->GetReflection()->ClearField(message, &field);
  field.is_map() ? ReadMap(node, path, depth, field, message) : ReadList(node, path, depth, field, message);
}

void Reader::ReadList(const YAML::Node& node, const std::string& path, int depth, const FieldDescriptor& field,
                      Message* message) {
  if (!node.IsSequence()) return Fail(node, path, "want a list");
  int i = 0;
  for (const auto& entry : node) {
    const std::string inner = absl::StrCat(path, "[", i++, "]");
    if (TooMuch(entry, depth)) return;
    if (entry.IsNull()) {
      Fail(entry, inner, "has no value");
    } else {
      ReadValue(entry, inner, depth, field, message);
    }
  }
}

void Reader::ReadMap(const YAML::Node& node, const std::string& path, int depth, const FieldDescriptor& field,
                     Message* message) {
  if (!node.IsMap()) return Fail(node, path, "want entries, as `key: value`");
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  const FieldDescriptor& value_field = *field.message_type()->map_value();
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (TooMuch(entry.second, depth)) return;
    if (!entry.first.IsScalar()) {
      Fail(entry.first, path, "want a key");
      continue;
    }
    const std::string& key = entry.first.Scalar();
    const std::string inner = absl::StrCat(path, ".", ToAbsl(Utf8Prefix(key, 200)));
    if (!seen.insert(key).second) {
      Fail(entry.first, inner, "given twice");
      continue;
    }
    if (entry.second.IsNull()) {
      Fail(entry.first, inner, "has no value");
      continue;
    }
    Message* item = message->GetReflection()->AddMessage(message, &field);
    const std::string wrong = SetScalar(key, entry.first.Tag() == "!", key_field, item);
    if (!wrong.empty()) Fail(entry.first, inner, wrong);
    ReadValue(entry.second, inner, depth, value_field, item);
  }
}

void Reader::ReadValue(const YAML::Node& node, const std::string& path, int depth, const FieldDescriptor& field,
                       Message* message) {
  if (field.message_type() != nullptr && !IsDuration(field)) {
    const Reflection& reflection = *message->GetReflection();
    Message* inner =
        field.is_repeated() ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field);
    return ReadMessage(node, path, depth + 1, inner);
  }
  if (!node.IsScalar()) return Fail(node, path, "want a single value");
  const std::string wrong = SetScalar(node.Scalar(), node.Tag() == "!", field, message);
  if (!wrong.empty()) Fail(node, path, wrong);
}

absl::Status AtLine(std::string_view source, int line, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(ToAbsl(source), ":", line, ": ", what));
}

// Line of the first byte that is not UTF-8, or of the first control character that YAML forbids; 0 if there is none.
int LineOfBadByte(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const int length = Utf8SequenceLength(text);
    const auto c = static_cast<unsigned char>(text.front());
    if (length == 0 || (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f) return line;
    if (c == '\n') ++line;
    text.remove_prefix(length);
  }
  return 0;
}

absl::Status ParseChecked(std::string_view yaml, std::string_view source, Message* message) {
  const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
  if (documents.size() > 1) {
    return AtLine(source, documents[1].Mark().line + 1, "a second document, want one");
  }
  // An empty file changes nothing.
  if (documents.empty() || documents[0].IsNull()) return absl::OkStatus();
  std::unique_ptr<Message> merged(message->New());
  merged->CopyFrom(*message);
  Reader reader(source);
  reader.ReadMessage(documents[0], "", 0, merged.get());
  if (reader.status().ok()) message->CopyFrom(*merged);
  return reader.status();
}

}  // namespace

absl::Status ParseYaml(std::string_view yaml, std::string_view source, Message* message) {
  if (yaml.size() > kBytesMax) return AtLine(source, 1, absl::StrCat(yaml.size(), " bytes, want at most 1 MiB"));
  if (const int line = LineOfBadByte(yaml)) return AtLine(source, line, "want UTF-8 text without control characters");
  try {
    return ParseChecked(yaml, source, message);
  } catch (const YAML::Exception& e) {
    return AtLine(source, e.mark.is_null() ? 1 : e.mark.line + 1, absl::StrCat("not YAML: ", e.msg));
  }
}

absl::Status ReadYamlFile(const std::string& path, Message* message) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::string text(kBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  text.resize(static_cast<size_t>(file.gcount()));
  return ParseYaml(text, path, message);
}

}  // namespace trivium::config
