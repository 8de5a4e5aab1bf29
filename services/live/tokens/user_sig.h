// TRTC's tokens, as its tls-sig-api v2 makes them, so that a product may put that media system under its rooms. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace trivium::live {

inline constexpr size_t kMaxMediaUserBytes = 32;

// Rights of a PrivateMapKey.
enum Privilege : uint32_t {
  kCreateRoom = 1,
  kEnterRoom = 2,
  kSendAudio = 4,
  kReceiveAudio = 8,
  kSendVideo = 16,
  kReceiveVideo = 32,
  kSendScreen = 64,
  kReceiveScreen = 128,
};
inline constexpr uint32_t kAllPrivileges = 255;
inline constexpr uint32_t kViewerPrivileges = kEnterRoom | kReceiveAudio | kReceiveVideo | kReceiveScreen;

struct UserSigRequest {
  uint32_t app_id = 0;
  std::string_view key;   // Its text is the key, not the bytes that it may spell.
  std::string_view user;  // At most kMaxMediaUserBytes of A-Z a-z 0-9 _ -: a MediaUserId.
  absl::Time now;
  absl::Duration ttl;
};

// Login token of a user.
std::string UserSig(const UserSigRequest& request);
// Token of a user for one room, named by a string.
std::string PrivateMapKey(const UserSigRequest& request, std::string_view room, uint32_t privileges);

// The user's name in the media system: the id itself where it has the form, else one made of it, which no other id has.
std::string MediaUserId(const std::string& user_id);

}  // namespace trivium::live
