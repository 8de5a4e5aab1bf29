#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "services/live/tokens/crypto.h"
#include "services/live/tokens/media_access.h"
#include "services/live/tokens/user_sig.h"

namespace trivium::live {
namespace {

using nlohmann::json;

constexpr char kKey[] = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
const UserSigRequest kTeacher{1'400'000'000, kKey, "teacher_1", kNow, absl::Seconds(86'400)};

// As a verifier reads it.
json Opened(std::string token) {
  for (char& c : token) c = c == '*' ? '+' : c == '-' ? '/' : c == '_' ? '=' : c;
  std::string packed, text(200'000, '\0');
  EXPECT_TRUE(absl::Base64Unescape(token, &packed));
  uLongf size = text.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(text.data()), &size, reinterpret_cast<const Bytef*>(packed.data()),
                       packed.size()),
            Z_OK);
  text.resize(size);
  return json::parse(text);
}

// The vendor's algorithm with a made-up key, computed by its published text form.
TEST(UserSigTest, EqualsTheVendors) {
  const json sig = Opened(UserSig(kTeacher));
  EXPECT_EQ(sig, (json{{"TLS.ver", "2.0"},
                       {"TLS.identifier", "teacher_1"},
                       {"TLS.sdkappid", 1'400'000'000},
                       {"TLS.time", 1'700'000'000},
                       {"TLS.expire", 86'400},
                       {"TLS.sig", "A1h+ntgS/H3sYJyGcaeVNHUg5LuuZE2vhngyaquMnt4="}}));
}

TEST(UserSigTest, BindsARoomAndItsRights) {
  const json sig = Opened(PrivateMapKey(kTeacher, "room_7", 42));
  std::string buffer;
  ASSERT_TRUE(absl::Base64Unescape(sig["TLS.userbuf"].get<std::string>(), &buffer));
  // String room; length, account; app; no number; expiry 1700086400; rights; type; length, room.
  EXPECT_EQ(absl::BytesToHexString(buffer),
            "010009"
            "746561636865725f31"
            "53724e00"
            "00000000"
            "65554280"
            "0000002a"
            "00000000"
            "0006"
            "726f6f6d5f37");
  const std::string text =
      "TLS.identifier:teacher_1\nTLS.sdkappid:1400000000\nTLS.time:1700000000\nTLS.expire:86400\nTLS.userbuf:" +
      sig["TLS.userbuf"].get<std::string>() + "\n";
  EXPECT_EQ(sig["TLS.sig"], absl::Base64Escape(HmacSha256(kKey, text)));
}

TEST(UserSigTest, CarriesALongRoom) {
  const std::string room(70'000, 'r');  // More than a block of zlib's format holds.
  const json sig = Opened(PrivateMapKey(kTeacher, room, 42));
  std::string buffer;
  ASSERT_TRUE(absl::Base64Unescape(sig["TLS.userbuf"].get<std::string>(), &buffer));
  EXPECT_EQ(buffer.substr(buffer.size() - room.size()), room);
}

TEST(UserSigTest, GivesEveryIdAMediaNameOfItsOwn) {
  EXPECT_EQ(MediaUserId("student-7_a"), "student-7_a");
  EXPECT_EQ(MediaUserId(std::string(32, 'a')), std::string(32, 'a'));
  for (const std::string& id : {std::string(33, 'a'), std::string("a.b"), std::string("a@b")}) {
    const std::string made = MediaUserId(id);
    EXPECT_EQ(made.size(), kMaxMediaUserBytes) << id;
    EXPECT_NE(MediaUserId(made), made) << "the owner of an id that looks like it is somebody else";
  }
  EXPECT_NE(MediaUserId("a.b"), MediaUserId("a@b"));
}

TEST(SignedQueryTest, EqualsTheVendors) {
  EXPECT_EQ(SignedQuery("e12c46f2612d5106e2034781ab261ca3", "test", absl::FromUnixSeconds(0x5C271099)),
            "txSecret=f85a2ab363fe4deaffef9754d79da6fe&txTime=5C271099");
}

class MediaAccessTest : public ::testing::Test {
 protected:
  MediaAccess Of(const Place& place) const { return MediaAccessOf(system_, {kKey, "k"}, "room_7", "u-1", place, kNow); }
  static uint32_t RightsIn(const MediaAccess& access) {
    std::string buffer;
    EXPECT_TRUE(absl::Base64Unescape(Opened(access.private_map_key)["TLS.userbuf"].get<std::string>(), &buffer));
    return static_cast<unsigned char>(buffer[3 + 3 + 12 + 3]);
  }
  const MediaSystem system_{.rtc_url = "wss://rtc", .fast_domain = "fast:1", .standard_domain = "std"};
};

TEST_F(MediaAccessTest, GivesRightsByRoleSeatAndMute) {
  Place place{.role = Role::kStudent, .rung = Rung::kRtc};
  EXPECT_EQ(RightsIn(Of(place)), kViewerPrivileges);
  place.seat = 2;
  EXPECT_EQ(RightsIn(Of(place)), kAllPrivileges);
  place.mute.audio = true;
  EXPECT_EQ(RightsIn(Of(place)), kAllPrivileges - kSendAudio);
  place.mute.video = true;
  EXPECT_EQ(RightsIn(Of(place)), kAllPrivileges - kSendAudio - kSendVideo);
  EXPECT_EQ(RightsIn(Of({.role = Role::kTeacher, .rung = Rung::kRtc})), kAllPrivileges);
  EXPECT_EQ(RightsIn(Of({.role = Role::kObserver, .rung = Rung::kRtc})), kViewerPrivileges);
}

TEST_F(MediaAccessTest, NamesTheAddressesOfItsRungAndBelow) {
  const auto urls = [&](Rung rung) {
    std::string all;
    for (const MediaUrl& url : Of({.role = Role::kStudent, .rung = rung}).urls) all += url.protocol + " ";
    return all;
  };
  EXPECT_EQ(urls(Rung::kRtc), "wss webrtc flv hls ");
  EXPECT_EQ(urls(Rung::kFast), "webrtc flv hls ");
  EXPECT_EQ(urls(Rung::kStandard), "flv hls ");
  const MediaAccess access = Of({.rung = Rung::kFast});
  EXPECT_EQ(access.urls[0].url, "webrtc://fast:1/live/room_7?" + SignedQuery("k", "room_7", kNow + absl::Hours(24)));
  EXPECT_TRUE(absl::StartsWith(access.urls[2].url, "https://std/live/room_7.m3u8?txSecret="));
  EXPECT_EQ(access.expires, kNow + absl::Hours(24));
  EXPECT_TRUE(MediaAccessOf({}, {kKey, "k"}, "room_7", "u-1", {}, kNow).urls.empty()) << "no domains, no addresses";
}

TEST(MediaKeysTest, DifferByProductAndUse) {
  const MediaKeys acme = DeriveMediaKeys("s", "acme"), globex = DeriveMediaKeys("s", "globex");
  EXPECT_NE(acme.user_sig_key, globex.user_sig_key);
  EXPECT_NE(acme.user_sig_key, acme.url_key);
  EXPECT_EQ(DeriveMediaKeys("s", "acme").url_key, acme.url_key);
}

TEST(MediaKeysTest, AProductsOwnGoFirst) {
  ProductMediaKeys keys("s", {{"globex", {"own", "url"}}});
  EXPECT_EQ(keys.Of("globex").user_sig_key, "own");
  EXPECT_EQ(keys.Of("acme").user_sig_key, DeriveMediaKeys("s", "acme").user_sig_key);
  EXPECT_EQ(&keys.Of("acme"), &keys.Of("acme")) << "derived once";
}

}  // namespace
}  // namespace trivium::live
