#include "services/gateway/transcoding/testing.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include <set>

#include "services/gateway/transcoding/transcoding_test.pb.h"

namespace trivium::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxDepth = 4;

void AddFile(const FileDescriptor& file, std::set<std::string>* seen, google::protobuf::FileDescriptorSet* set) {
  if (!seen->insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), seen, set);
  file.CopyTo(set->add_file());
}

int64_t Below(std::mt19937_64& random, int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); }

std::string Text(std::mt19937_64& random) {
  static constexpr const char* kParts[] = {"a",         "Z",    "0", " ", "\"", "\\", "\n", "课堂", "\xF0\x9F\x98\x80",
                                           "</script>", "\x7f", "é"};
  std::string text;
  for (int64_t i = Below(random, 6); i > 0; --i) text += kParts[Below(random, std::size(kParts))];
  return text;
}

double Number(std::mt19937_64& random) {
  return static_cast<double>(Below(random, 1'000'000) - 500'000) / static_cast<double>(1 + Below(random, 1000));
}

// Messages whose JSON form has rules of its own. False: another.
bool FillWellKnown(Message* message, std::mt19937_64& random) {
  if (auto* time = dynamic_cast<google::protobuf::Timestamp*>(message)) {
    time->set_seconds(Below(random, 4'000'000'000));
    time->set_nanos(static_cast<int32_t>(Below(random, 1'000'000'000)));
  } else if (auto* duration = dynamic_cast<google::protobuf::Duration*>(message)) {
    duration->set_seconds(Below(random, 1'000'000));
    duration->set_nanos(static_cast<int32_t>(Below(random, 1'000'000'000)));
  } else if (auto* any = dynamic_cast<google::protobuf::Any*>(message)) {
    testing::Everything::Inner inner;
    inner.set_room_id(Text(random));
    any->PackFrom(inner);
  } else if (auto* mask = dynamic_cast<google::protobuf::FieldMask*>(message)) {
    mask->add_paths("inner.room_id");
  } else if (auto* value = dynamic_cast<google::protobuf::Value*>(message)) {
    value->set_number_value(Number(random));
  } else if (auto* object = dynamic_cast<google::protobuf::Struct*>(message)) {
    (*object->mutable_fields())[Text(random)].set_string_value(Text(random));
    (*object->mutable_fields())["list"].mutable_list_value()->add_values()->set_bool_value(true);
  } else {
    return false;
  }
  return true;
}

// Sets or adds a scalar.
void FillScalar(Message* message, const FieldDescriptor& field, std::mt19937_64& random) {
  const Reflection& r = *message->GetReflection();
  const auto put = [&](auto set, auto add, auto value) {
    field.is_repeated() ? (r.*add)(message, &field, value) : (r.*set)(message, &field, value);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return put(&Reflection::SetInt32, &Reflection::AddInt32, static_cast<int32_t>(random()));
    case FieldDescriptor::CPPTYPE_INT64:
      return put(&Reflection::SetInt64, &Reflection::AddInt64, static_cast<int64_t>(random()));
    case FieldDescriptor::CPPTYPE_UINT32:
      return put(&Reflection::SetUInt32, &Reflection::AddUInt32, static_cast<uint32_t>(random()));
    case FieldDescriptor::CPPTYPE_UINT64:
      return put(&Reflection::SetUInt64, &Reflection::AddUInt64, static_cast<uint64_t>(random()));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return put(&Reflection::SetDouble, &Reflection::AddDouble, Number(random));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return put(&Reflection::SetFloat, &Reflection::AddFloat, static_cast<float>(Number(random)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return put(&Reflection::SetBool, &Reflection::AddBool, random() % 2 == 0);
    case FieldDescriptor::CPPTYPE_ENUM:
      return put(&Reflection::SetEnumValue, &Reflection::AddEnumValue,
                 field.enum_type()->value(static_cast<int>(Below(random, field.enum_type()->value_count())))->number());
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = Text(random);
      return field.is_repeated() ? r.AddString(message, &field, text) : r.SetString(message, &field, text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      FAIL() << field.full_name() << " is no scalar";
  }
}

void FillField(Message* message, const FieldDescriptor& field, std::mt19937_64& random, int depth) {
  const Reflection& r = *message->GetReflection();
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return FillScalar(message, field, random);
  if (field.is_map()) {
    // An entry's key is set by reflection on the entry; one entry, so that no key is there twice.
    if (r.FieldSize(*message, &field) > 0) return;
  }
  FillAtRandom(field.is_repeated() ? r.AddMessage(message, &field) : r.MutableMessage(message, &field), random,
               depth + 1);
}

}  // namespace

google::protobuf::FileDescriptorSet DescriptorSetOf(const std::vector<const FileDescriptor*>& files) {
  google::protobuf::FileDescriptorSet set;
  std::set<std::string> seen;
  for (const FileDescriptor* file : files) AddFile(*file, &seen, &set);
  return set;
}

std::shared_ptr<const ApiSchema> SchemaOf(const std::vector<const FileDescriptor*>& files) {
  auto schema = ApiSchema::Parse(DescriptorSetOf(files).SerializeAsString(), "test");
  EXPECT_TRUE(schema.ok()) << schema.status();
  return schema.value();
}

void FillAtRandom(Message* message, std::mt19937_64& random, int depth) {
  if (FillWellKnown(message, random)) return;
  const auto& type = *message->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const bool entry = type.options().map_entry();
    if (!entry && (random() % 3 == 0 || (depth >= kMaxDepth && field.message_type() != nullptr))) continue;
    for (int64_t n = field.is_repeated() ? 1 + Below(random, 3) : 1; n > 0; --n)
      FillField(message, field, random, depth);
  }
}

}  // namespace trivium::gateway
