#include "examples/school-day/class_grants.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace trivium::schoolday {
namespace {

constexpr absl::Duration kLife = absl::Hours(2);
constexpr char kSomebodyElse[] = "somebody-else";

}  // namespace

std::string GrantDesk::Sign(const jwt::Signer& signer, const std::string& user_id, const std::string& room_id,
                            ClassRole role, absl::Duration good_for) const {
  jwt::Claims claims;
  claims.subject = user_id;
  claims.product = campus.product;
  claims.audience = {"trivium-live"};
  claims.expires = absl::Now() + good_for;
  claims.room = room_id;
  claims.role = absl::AsciiStrToLower(RoleName(role));
  const auto token = signer.Sign(claims);
  return token.ok() ? *token : "";
}

std::string GrantDesk::Grant(const std::string& user_id, const std::string& room_id, ClassRole role) const {
  return Sign(*campus.signer, user_id, room_id, role, kLife);
}

std::string GrantDesk::Bad(BadGrant bad, const std::string& user_id, const std::string& room_id,
                           const std::string& other_room_id) const {
  switch (bad) {
    case BadGrant::kOtherRoom:
      return Grant(user_id, other_room_id, ClassRole::kStudent);
    case BadGrant::kExpired:
      return Sign(*campus.signer, user_id, room_id, ClassRole::kStudent, -absl::Hours(1));
    case BadGrant::kOtherProduct:
      return Sign(*stranger, user_id, room_id, ClassRole::kStudent, kLife);
    case BadGrant::kSomebodyElses:
      return Grant(kSomebodyElse, room_id, ClassRole::kStudent);
    case BadGrant::kChanged: {
      // The words of one, the signature of another.
      const std::vector<std::string> words = absl::StrSplit(Grant(user_id, room_id, ClassRole::kTeacher), '.');
      const std::vector<std::string> other = absl::StrSplit(Grant(kSomebodyElse, room_id, ClassRole::kStudent), '.');
      return absl::StrCat(words[0], ".", words[1], ".", other.back());
    }
    case BadGrant::kNone:
    case BadGrant::kAsksForRole:
      break;
  }
  return "";
}

}  // namespace trivium::schoolday
