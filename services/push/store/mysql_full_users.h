// Who has too many deliveries pending. To count what is pending of many users with long backlogs could take any time,
// so one message counts so many rows at most, of other users each time; and whom it finds full is marked, so that the
// next one need not count him.
//
// A mark is made and taken away after the commit of what it follows from: who marks counts once more afterwards, and
// who moves a delivery unmarks afterwards, so that no mark outlives its reason, whatever happens at the same time. A
// process that dies in between, or a binary that knows no marks, may leave one: Verify finds it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/mysql/mysql.h"
#include "services/push/store/store.h"

namespace trivium::push {

// What a transaction has found out and moved, of one product each.
struct Backlogs {
  std::map<std::string, std::map<std::string, int64_t>> full;  // Users with what was counted,
  absl::Time count_time;                                       // and when.
  std::map<std::string, std::set<std::string>> moved_of;       // Users of whom deliveries are pending no more,
  std::map<std::string, std::set<Id>> moved_messages;          // and messages of which it is so.

  bool empty() const { return full.empty() && moved_of.empty() && moved_messages.empty(); }
};

class MysqlFullUsers {
 public:
  static constexpr int64_t kRowsMax = 100'000;

  // rows_max: that one call of Among counts, or one user's if he may have more.
  explicit MysqlFullUsers(mysql::Connection& db, int64_t rows_max = kRowsMax) : db_(db), rows_max_(rows_max) {}

  // Those of the users, at most a few thousand, who have max_pending deliveries pending: all who are marked, and others
  // as far as so many rows can be counted; these come into *backlogs. first: where it begins to count.
  absl::StatusOr<std::set<std::string>> Among(const std::string& product, const std::vector<std::string>& users,
                                              int64_t max_pending, size_t first, Backlogs* backlogs);
  // After the commit.
  absl::Status Follow(const Backlogs& backlogs);
  // Counts those again who were not counted for the longest time, at most limit. How many were marked for nothing.
  absl::StatusOr<int64_t> Verify(absl::Time now, int limit);

 private:
  using ByUser = std::map<std::string, int64_t>;

  // By user, as far as `rows` reach: then one has too few, and the rest none.
  absl::StatusOr<ByUser> CountPending(const std::string& product, const std::vector<std::string>& users, int64_t rows);
  absl::Status Mark(const std::string& product, const ByUser& full, absl::Time now);
  absl::Status Unmark(const std::string& product, const std::vector<std::string>& users);
  absl::StatusOr<bool> IsAnyMarked(const std::string& product);
  absl::Status UnmarkRecipients(const std::string& product, const std::set<Id>& messages);
  // Unmarks those who have fewer than they are marked with. How many.
  absl::StatusOr<int64_t> Recount(const std::string& product, const ByUser& marked);

  mysql::Connection& db_;
  const int64_t rows_max_;
};

}  // namespace trivium::push
