#include "services/gateway/transcoding/api_schema.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "libs/api_descriptors/descriptor_set.h"
#include "services/gateway/transcoding/testing.h"
#include "services/gateway/transcoding/transcoding_test.pb.h"

namespace trivium::gateway {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

FileDescriptorSet Good() { return DescriptorSetOf({testing::Everything::descriptor()->file()}); }

TEST(ApiSchemaTest, FindsMethodsAndMessagesWhateverTheOrderOfFiles) {
  FileDescriptorSet set = Good();
  std::reverse(set.mutable_file()->begin(), set.mutable_file()->end());
  const auto schema = ApiSchema::Parse(set.SerializeAsString(), "1.2");
  ASSERT_TRUE(schema.ok()) << schema.status();
  const auto* echo = (*schema)->FindMethod("trivium.gateway.testing.EchoService", "Echo");
  ASSERT_NE(echo, nullptr);
  EXPECT_EQ(echo->input_type(), (*schema)->FindMessage("trivium.gateway.testing.Everything"));
  EXPECT_EQ((*schema)->FindMethod("trivium.gateway.testing.EchoService", "Nonsense"), nullptr);
  EXPECT_EQ((*schema)->FindMethod("Nonsense", "Echo"), nullptr);
  EXPECT_EQ((*schema)->release(), "1.2");
}

TEST(ApiSchemaTest, RefusesBadSetsNamingTheFile) {
  const struct {
    const char* message;
    std::function<void(FileDescriptorSet*)> spoil;
  } kCases[] = {
      {"0 files, want 1 to 2000", [](auto* set) { set->clear_file(); }},
      {"imports \"google/protobuf/any.proto\"",
       [](auto* set) {
         for (auto& file : *set->mutable_file()) {
           if (file.name() == "google/protobuf/any.proto") file.set_name("other.proto");
         }
       }},
      {"twice", [](auto* set) { *set->add_file() = set->file(0); }},
      {"no circle", [](auto* set) { set->mutable_file(0)->add_dependency(set->file(0).name()); }},
      {"want a valid proto file",
       [](auto* set) {
         set->mutable_file(set->file_size() - 1)->mutable_message_type(0)->mutable_field(0)->set_type_name(".no.such"),
             set->mutable_file(set->file_size() - 1)->mutable_message_type(0)->mutable_field(0)->clear_type();
       }},
      {"want a valid proto file", [](auto* set) { set->mutable_file(0)->set_syntax("proto9"); }},
      {"2001 files",
       [](auto* set) {
         while (set->file_size() <= kMaxDescriptorFiles) set->add_file()->set_name(std::to_string(set->file_size()));
       }},
  };
  for (const auto& c : kCases) {
    FileDescriptorSet set = Good();
    c.spoil(&set);
    const auto schema = ApiSchema::Parse(set.SerializeAsString(), "1");
    ASSERT_FALSE(schema.ok()) << c.message;
    EXPECT_EQ(schema.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(schema.status().message(), c.message)) << schema.status();
  }
  EXPECT_TRUE(absl::StrContains(ApiSchema::Parse("\xff", "1").status().message(), "unreadable"));
  EXPECT_TRUE(absl::StrContains(ApiSchema::Parse(std::string(kMaxDescriptorBytes + 1, 'x'), "1").status().message(),
                                "bytes, want at most"));
}

TEST(ApiSchemaTest, EveryTruncationIsRefusedOrSelfContained) {
  const std::string whole = Good().SerializeAsString();
  for (size_t n = 0; n < whole.size(); n += 13) (void)ApiSchema::Parse(std::string_view(whole).substr(0, n), "1");
  EXPECT_FALSE(ApiSchema::Parse(whole.substr(0, whole.size() - 1), "1").ok());
}

}  // namespace
}  // namespace trivium::gateway
