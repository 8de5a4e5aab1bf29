#include "services/live/tokens/user_sig.h"

#include <zlib.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/text/view.h"
#include "services/live/tokens/crypto.h"

namespace trivium::live {
namespace {

constexpr char kDerivedPrefix[] = "u_";  // Of names that are made of an id.

std::string Compressed(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  // Fails only when the buffer is too small, which compressBound excludes.
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size(),
            Z_BEST_SPEED);
  out.resize(size);
  return out;
}

// Plain base64 with the characters that an URL escapes replaced, padding included.
std::string UrlBase64(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  for (char& c : text) c = c == '+' ? '*' : c == '/' ? '-' : c == '=' ? '_' : c;
  return text;
}

void AppendBigEndian(uint32_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift));
}

// userbuf: "" for none.
std::string Sign(const UserSigRequest& r, const std::string& userbuf) {
  const int64_t time = absl::ToUnixSeconds(r.now), expire = absl::ToInt64Seconds(r.ttl);
  const std::string buffer = absl::Base64Escape(userbuf);
  std::string text = absl::StrCat("TLS.identifier:", ToAbsl(r.user), "\nTLS.sdkappid:", r.app_id, "\nTLS.time:", time,
                                  "\nTLS.expire:", expire, "\n");
  if (!userbuf.empty()) absl::StrAppend(&text, "TLS.userbuf:", buffer, "\n");
  nlohmann::ordered_json json = {{"TLS.ver", "2.0"},
                                 {"TLS.identifier", std::string(r.user)},
                                 {"TLS.sdkappid", r.app_id},
                                 {"TLS.time", time},
                                 {"TLS.expire", expire}};
  if (!userbuf.empty()) json["TLS.userbuf"] = buffer;
  json["TLS.sig"] = absl::Base64Escape(HmacSha256(r.key, text));
  return UrlBase64(Compressed(json.dump()));
}

bool IsMediaUser(const std::string& id) {
  return !id.empty() && id.size() <= kMaxMediaUserBytes &&
         std::ranges::all_of(id, [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; });
}

}  // namespace

std::string UserSig(const UserSigRequest& request) { return Sign(request, ""); }

std::string PrivateMapKey(const UserSigRequest& request, std::string_view room, uint32_t privileges) {
  std::string buffer(1, '\1');  // The room is a string.
  AppendBigEndian(static_cast<uint32_t>(request.user.size()), 2, &buffer);
  buffer.append(request.user);
  AppendBigEndian(request.app_id, 4, &buffer);
  AppendBigEndian(0, 4, &buffer);  // Number of the room: none.
  AppendBigEndian(static_cast<uint32_t>(absl::ToUnixSeconds(request.now + request.ttl)), 4, &buffer);
  AppendBigEndian(privileges, 4, &buffer);
  AppendBigEndian(0, 4, &buffer);  // Account type.
  AppendBigEndian(static_cast<uint32_t>(room.size()), 2, &buffer);
  buffer.append(room);
  return Sign(request, buffer);
}

std::string MediaUserId(const std::string& user_id) {
  // An id that looks like a made one is made anew: else its owner could be somebody else there.
  const bool looks_made = user_id.size() == kMaxMediaUserBytes && absl::StartsWith(user_id, kDerivedPrefix);
  if (IsMediaUser(user_id) && !looks_made) return user_id;
  return kDerivedPrefix + HexOf(Sha256(user_id)).substr(0, kMaxMediaUserBytes - 2);
}

}  // namespace trivium::live
