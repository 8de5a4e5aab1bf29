// What every engine does with users, tags, rooms and audiences.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/push/domain/audience_samples.h"
#include "services/push/store/store_suite.h"

namespace trivium::push {
namespace {

TEST_F(UsersTest, AUserIsKnownFromTheFirstSight) {
  EXPECT_EQ(ReasonOf(store_.GetUser(product_, "u1", Deadline()).status()), "USER_NOT_FOUND");
  const std::vector<std::string> users = {"u1", "u2"};
  ASSERT_TRUE(store_.SeeUsers(product_, users, kNow, Deadline()).ok());
  ASSERT_TRUE(store_.SeeUsers(product_, users, kNow + absl::Hours(1), Deadline()).ok());
  EXPECT_EQ(*store_.GetUser(product_, "u1", Deadline()), (User{.user_id = "u1", .create_time = kNow}));
  MustJoin({"u3"});
  EXPECT_TRUE(store_.GetUser(product_, "u3", Deadline()).ok());
  EXPECT_EQ(ReasonOf(store_.GetUser(other_, "u1", Deadline()).status()), "USER_NOT_FOUND");
}

TEST_F(UsersTest, TagsAreSetAndRemovedOnce) {
  ASSERT_TRUE(Tag("u1", {{"grade", "7"}, {"city", "深圳 "}, {"trial", ""}}).ok());
  const absl::StatusOr<User> user = Tag("u1", {{"grade", "8"}}, {"trial", "none"}, "request-1");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->tags, (Tags{{"grade", "8"}, {"city", "深圳 "}}));
  EXPECT_EQ(*store_.GetUser(product_, "u1", Deadline()), *user);
  EXPECT_EQ(*Tag("u1", {{"grade", "9"}}, {"trial", "none"}, "request-1"), *user);
  EXPECT_EQ(MetadataOf(Tag("u2", {{"grade", "9"}}, {"a", "b"}, "request-1").status(), "field"), "user_id");
  EXPECT_EQ(Tag("u1", {{"city", "北京"}}, {"city"})->tags.at("city"), "北京");
}

TEST_F(UsersTest, AUserHasAHundredTagsAndNotOneMore) {
  Tags tags;
  for (size_t i = 0; i < kUserTagsMax; ++i) tags[absl::StrCat("k", i)] = "1";
  ASSERT_TRUE(Tag("u1", tags).ok());
  const absl::Status status = Tag("u1", {{"one_more", ""}}, {}, "request-1").status();
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_EQ(store_.GetUser(product_, "u1", Deadline())->tags, tags);
  // A refusal does not use the key up.
  EXPECT_TRUE(Tag("u1", {{"one_more", ""}}, {"k0"}, "request-2").ok());
}

TEST_F(UsersTest, RoomsHaveMembers) {
  const RoomUpdate add{product_, "request-1", "f1", "math", {"u2", "u1", "u2"}, kNow};
  EXPECT_EQ(*store_.AddRoomMembers({&add, 1}, Deadline())[0], 2);
  EXPECT_EQ(*store_.AddRoomMembers({&add, 1}, Deadline())[0], 2);
  const RoomUpdate more{product_, "request-2", "f2", "math", {"u1", "u3"}, kNow};
  EXPECT_EQ(*store_.AddRoomMembers({&more, 1}, Deadline())[0], 1);
  RoomUpdate reused = more;
  reused.fingerprint = "other";
  EXPECT_EQ(ReasonOf(store_.AddRoomMembers({&reused, 1}, Deadline())[0].status()), "IDEMPOTENCY_KEY_REUSED");
  const auto members = [&](const std::string& after, int limit) {
    return *store_.ListRoomMembers(product_, "math", after, limit, Deadline());
  };
  EXPECT_EQ(members("", 2), (std::vector<std::string>{"u1", "u2"}));
  EXPECT_EQ(members("u2", 2), (std::vector<std::string>{"u3"}));
  const RoomUpdate remove{product_, "request-1", "f3", "math", {"u1", "stranger"}, kNow};
  EXPECT_EQ(*store_.RemoveRoomMembers({&remove, 1}, Deadline())[0], 1);
  EXPECT_EQ(*store_.RemoveRoomMembers({&remove, 1}, Deadline())[0], 1);
  EXPECT_EQ(members("", 9), (std::vector<std::string>{"u2", "u3"}));
  const std::vector<std::string> rooms = {"art", "math", "music"};
  EXPECT_EQ(*store_.RoomsOfMember(product_, "u2", rooms, Deadline()), (std::vector<std::string>{"math"}));
  EXPECT_TRUE(store_.RoomsOfMember(product_, "u1", rooms, Deadline())->empty());
  EXPECT_TRUE(store_.RoomsOfMember(other_, "u2", rooms, Deadline())->empty());
  EXPECT_TRUE(store_.ListRoomMembers(other_, "math", "", 9, Deadline())->empty());
}

TEST_F(UsersTest, FindsTheAudienceThatTheReferenceFinds) {
  std::mt19937_64 random(17);
  const UsersWithTags users = RandomUsers(random, 60);
  for (const auto& [user, tags] : users) ASSERT_TRUE(Tag(user, tags).ok());
  for (int i = 0; i < 60; ++i) {
    const Audience audience = RandomAudience(random, 3);
    const std::string text = FormatAudience(audience);
    std::vector<std::string> found;
    for (;;) {
      const std::string after = found.empty() ? "" : found.back();
      const auto page = store_.ListAudience(product_, text, after, 13, Deadline());
      ASSERT_TRUE(page.ok()) << page.status();
      found.insert(found.end(), page->begin(), page->end());
      if (page->size() < 13) break;
    }
    ASSERT_EQ(found, UsersWhoMatch(audience, users)) << text;
  }
  EXPECT_EQ(ReasonOf(store_.ListAudience(product_, "a=", "", 9, Deadline()).status()), "AUDIENCE_INVALID");
  EXPECT_TRUE(store_.ListAudience(other_, "NOT a", "", 9, Deadline())->empty());
}

}  // namespace
}  // namespace trivium::push
