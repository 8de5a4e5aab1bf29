#include "services/live/tokens/user_sig.h"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/text/view.h"
#include "services/live/tokens/crypto.h"

namespace trivium::live {
namespace {

constexpr char kDerivedPrefix[] = "u_";  // Of names that are made of an id.

void AppendBigEndian(uint32_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift));
}

// In zlib's format (RFC 1950), in blocks that are stored as they are: every verifier inflates these, too, and a state
// for compression costs more than all the rest of a token.
std::string Stored(std::string_view text) {
  constexpr size_t kMaxBlock = 0xffff;
  std::string out("\x78\x01", 2);
  const uLong sum = adler32(adler32(0, nullptr, 0), reinterpret_cast<const Bytef*>(text.data()), text.size());
  do {
    const std::string_view block = text.substr(0, kMaxBlock);
    text.remove_prefix(block.size());
    const auto size = static_cast<uint16_t>(block.size());
    out.push_back(text.empty() ? 1 : 0);  // Whether it is the last.
    for (const uint16_t number : {size, static_cast<uint16_t>(~size)}) {
      out.push_back(static_cast<char>(number & 0xff));
      out.push_back(static_cast<char>(number >> 8));
    }
    out.append(block);
  } while (!text.empty());
  AppendBigEndian(static_cast<uint32_t>(sum), 4, &out);
  return out;
}

// Plain base64 with the characters that an URL escapes replaced, padding included.
std::string UrlBase64(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  for (char& c : text) c = c == '+' ? '*' : c == '/' ? '-' : c == '=' ? '_' : c;
  return text;
}

// userbuf: "" for none. Nothing in it has to be escaped: users are of few characters, the rest is base64.
std::string Sign(const UserSigRequest& r, const std::string& userbuf) {
  const int64_t time = absl::ToUnixSeconds(r.now), expire = absl::ToInt64Seconds(r.ttl);
  const std::string buffer = absl::Base64Escape(userbuf);
  std::string text = absl::StrCat("TLS.identifier:", ToAbsl(r.user), "\nTLS.sdkappid:", r.app_id, "\nTLS.time:", time,
                                  "\nTLS.expire:", expire, "\n");
  if (!userbuf.empty()) absl::StrAppend(&text, "TLS.userbuf:", buffer, "\n");
  std::string json = absl::StrCat(R"({"TLS.ver":"2.0","TLS.identifier":")", ToAbsl(r.user), R"(","TLS.sdkappid":)",
                                  r.app_id, R"(,"TLS.time":)", time, R"(,"TLS.expire":)", expire);
  if (!userbuf.empty()) absl::StrAppend(&json, R"(,"TLS.userbuf":")", buffer, "\"");
  absl::StrAppend(&json, R"(,"TLS.sig":")", absl::Base64Escape(HmacSha256(r.key, text)), R"("})");
  return UrlBase64(Stored(json));
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
