#include "tools/publish/items.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "trivium/common/v1/product.pb.h"

namespace trivium::publish {
namespace {

namespace fs = std::filesystem;

class ItemsTest : public testing::Test {
 protected:
  ItemsTest() { fs::remove_all(folder_); }

  void Write(const std::string& file, const std::string& text) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  std::string Refusal() { return std::string(ReadItems(folder_).status().message()); }

  const fs::path folder_ = fs::path(testing::TempDir()) / "items";
};

TEST_F(ItemsTest, ReadsEachKindProductsFirst) {
  Write("live_capacity/platform.yaml", "platform: {rtc: 1}\n");
  Write("product_profile/globex.yaml", "display_name_en: Globex\n");
  Write("product_profile/acme.yaml", "display_name_en: Acme\n");
  Write("product_profile/.hidden", "of a volume\n");
  const auto items = ReadItems(folder_);
  ASSERT_TRUE(items.ok()) << items.status();
  ASSERT_EQ(items->size(), 3u);
  EXPECT_EQ((*items)[0].name, "acme");
  EXPECT_EQ((*items)[1].name, "globex");
  EXPECT_EQ((*items)[2].kind, "live_capacity");
  common::v1::ProductProfile profile;
  ASSERT_TRUE((*items)[0].value.UnpackTo(&profile));
  EXPECT_EQ(profile.display_name_en(), "Acme");
}

TEST_F(ItemsTest, NamesTheFileThatIsWrong) {
  EXPECT_NE(Refusal().find("items: No such file"), std::string::npos) << Refusal();
  Write("product_profil/acme.yaml", "");
  EXPECT_NE(Refusal().find("product_profil: want a folder of a kind: product_profile, "), std::string::npos);
  fs::remove_all(folder_);
  Write("product_profile/acme.yml", "");
  EXPECT_NE(Refusal().find("acme.yml: want NAME.yaml"), std::string::npos) << Refusal();
  fs::remove_all(folder_);
  Write("product_profile/acme.yaml", "display_nam_en: Acme\n");
  EXPECT_NE(Refusal().find("acme.yaml:1: display_nam_en: unknown field"), std::string::npos) << Refusal();
}

}  // namespace
}  // namespace trivium::publish
