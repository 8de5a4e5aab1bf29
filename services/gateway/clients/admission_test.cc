#include "services/gateway/clients/admission.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "libs/status/error.h"

namespace trivium::gateway {
namespace {

class OneProfile : public Profiles {
 public:
  std::shared_ptr<const Profile> Find(std::string_view product) const override {
    return product == "initech" ? nullptr : std::make_shared<Profile>(profile);
  }
  bool AnyAllowsOrigin(std::string_view) const override { return true; }
  Profile profile;
};

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    profiles_.profile.allowed_origins.insert("https://a.example.com");
    profiles_.profile.max_connections = 3;
    profiles_.profile.max_connections_per_user = 2;
  }
  // The reason of a refusal; "" when the seat was given, which is then kept.
  std::string Admit(const std::string& product, const std::string& uid, std::string_view origin = "") {
    auto seat = admission_.Admit(product, uid, origin);
    if (!seat.ok()) return ReasonOf(seat.status());
    seats_.push_back(*std::move(seat));
    return "";
  }

  OneProfile profiles_;
  Admission admission_{profiles_};
  std::vector<std::unique_ptr<Admission::Seat>> seats_;
};

TEST_F(AdmissionTest, PagesNeedAnOriginOfTheProduct) {
  EXPECT_EQ(Admit("acme", "u1", "https://a.example.com"), "");
  EXPECT_EQ(Admit("acme", "u1"), "") << "apps send none";
  EXPECT_EQ(Admit("acme", "u2", "https://a.example.com.evil.org"), "ORIGIN_DENIED");
  EXPECT_EQ(Admit("acme", "u2", "null"), "ORIGIN_DENIED");
  EXPECT_EQ(admission_.connections("acme"), 2);
}

TEST_F(AdmissionTest, LimitsAreOfUserAndProductAndSeatsComeBack) {
  EXPECT_EQ(Admit("acme", "u1"), "");
  EXPECT_EQ(Admit("acme", "u1"), "");
  EXPECT_EQ(Admit("acme", "u1"), "USER_CONNECTION_LIMIT");
  EXPECT_EQ(Admit("acme", "u2"), "");
  EXPECT_EQ(Admit("acme", "u3"), "CONNECTION_LIMIT");
  EXPECT_EQ(Admit("globex", "u1"), "") << "another product's user";
  seats_.erase(seats_.begin());
  EXPECT_EQ(Admit("acme", "u1"), "");
  seats_.clear();
  EXPECT_EQ(admission_.connections("acme"), 0);
  EXPECT_EQ(admission_.connections("globex"), 0);
}

TEST_F(AdmissionTest, AProductWithoutAProfileHasNoSeats) {
  EXPECT_EQ(Admit("initech", "u1"), "PRODUCT_NOT_CONFIGURED");
}

}  // namespace
}  // namespace trivium::gateway
