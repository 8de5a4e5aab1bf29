#include "services/control/kinds/api_descriptors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "absl/strings/match.h"
#include "services/control/kinds/testing.h"

namespace trivium::control {
namespace {

using gateway::v1::ApiDescriptors;
using google::protobuf::FileDescriptorSet;

google::protobuf::Any Packed(const google::protobuf::Message& message) {
  google::protobuf::Any value;
  value.PackFrom(message);
  return value;
}

TEST(ApiDescriptorsTest, TakesAGoodSetInAnyOrder) {
  ApiDescriptors descriptors = GoodDescriptors();
  EXPECT_TRUE(CheckApiDescriptors(Packed(descriptors)).empty());
  FileDescriptorSet set = GoodDescriptorSet();
  std::reverse(set.mutable_file()->begin(), set.mutable_file()->end());
  descriptors.set_file_descriptor_set(set.SerializeAsString());
  EXPECT_TRUE(CheckApiDescriptors(Packed(descriptors)).empty());
  EXPECT_TRUE(IsApiDescriptorsName("platform"));
  EXPECT_FALSE(IsApiDescriptorsName("other"));
}

TEST(ApiDescriptorsTest, NamesTheFileThatIsWrong) {
  const struct {
    const char* what;
    std::function<void(FileDescriptorSet*)> spoil;
  } kCases[] = {
      {"0 files", [](auto* set) { set->clear_file(); }},
      {"imports \"google/protobuf/", [](auto* set) { set->mutable_file()->DeleteSubrange(0, 1); }},
      {"twice", [](auto* set) { *set->add_file() = set->file(0); }},
      {"no circle", [](auto* set) { set->mutable_file(0)->add_dependency(set->file(0).name()); }},
      {"valid proto file", [](auto* set) { set->mutable_file(0)->set_syntax("proto9"); }},
      {"2001 files",
       [](auto* set) {
         while (set->file_size() < 2001) set->add_file()->set_name(std::to_string(set->file_size()));
       }},
  };
  for (const auto& c : kCases) {
    FileDescriptorSet set = GoodDescriptorSet();
    c.spoil(&set);
    ApiDescriptors descriptors = GoodDescriptors();
    descriptors.set_file_descriptor_set(set.SerializeAsString());
    const Violations wrong = CheckApiDescriptors(Packed(descriptors));
    ASSERT_EQ(wrong.size(), 1u) << c.what;
    EXPECT_EQ(wrong[0].first, "value.file_descriptor_set");
    EXPECT_TRUE(absl::StrContains(wrong[0].second, c.what)) << wrong[0].second;
  }
}

TEST(ApiDescriptorsTest, HoldsItsSizesAndNamesAllFields) {
  ApiDescriptors descriptors;
  EXPECT_EQ(CheckApiDescriptors(Packed(descriptors)).size(), 2u);
  descriptors = GoodDescriptors();
  descriptors.set_file_descriptor_set(std::string((2 << 20) + 1, 'x'));
  EXPECT_TRUE(absl::StrContains(CheckApiDescriptors(Packed(descriptors)).at(0).second, "want at most 2097152"));
  descriptors.set_file_descriptor_set("\xff");
  EXPECT_TRUE(absl::StrContains(CheckApiDescriptors(Packed(descriptors)).at(0).second, "unreadable"));
  for (const std::string& release : {std::string("a b"), std::string(65, 'x'), std::string("版本")}) {
    descriptors = GoodDescriptors();
    descriptors.set_release(release);
    EXPECT_EQ(CheckApiDescriptors(Packed(descriptors)).at(0).first, "value.release") << release;
  }
}

TEST(ApiDescriptorsTest, KeepsTheMethodsOfCommandsThatAreServed) {
  gateway::v1::Command command = GoodCommand();
  FileDescriptorSet set = GoodDescriptorSet();
  set.mutable_file(set.file_size() - 1)->mutable_service(0)->mutable_method(1)->set_name("Renamed");
  ApiDescriptors descriptors = GoodDescriptors();
  descriptors.set_file_descriptor_set(set.SerializeAsString());
  const auto check = [&] {
    const domain::ConfigItem item{.name = "config.read", .value = command.SerializeAsString()};
    return CheckApiDescriptorsAgainst(
               "platform", Packed(descriptors),
               [&](std::string_view) { return absl::StatusOr<std::vector<domain::ConfigItem>>({item}); })
        .value();
  };
  ASSERT_EQ(check().size(), 1u);
  EXPECT_TRUE(absl::StrContains(check()[0].second, "command config.read")) << check()[0].second;
  command.mutable_disabled()->set_message("gone");
  EXPECT_TRUE(check().empty()) << "nobody calls it";
}

}  // namespace
}  // namespace trivium::control
