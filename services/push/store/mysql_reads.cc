#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "libs/event_feed/outbox_source.h"
#include "libs/status/status.h"
#include "services/push/store/errors.h"
#include "services/push/store/mysql_recipients.h"
#include "services/push/store/mysql_store.h"
#include "services/push/store/mysql_users.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

using mysql::Blob;
using mysql::Connection;
using mysql::Rows;
using mysql::Value;
using mysql::Values;

constexpr int kDaysOpenMax = 32;         // A message is of use for 30 days; zones make a day more, and a bit.
constexpr size_t kMessagesPerRead = 50;  // With data, of up to 64 KiB each.

// All ids are below it.
Value BeforeOrEnd(const Id& before) { return before.IsZero() ? Blob{std::string(16, '\xff')} : ToValue(before); }

// The range of an enum's numbers: one, or all.
template <typename Enum>
void AppendRange(const std::optional<Enum>& value, Enum first, Enum last, Values* parameters) {
  parameters->push_back(ToValue(value.value_or(first)));
  parameters->push_back(ToValue(value.value_or(last)));
}

std::vector<Delivery> DeliveriesOf(const Rows& rows) {
  std::vector<Delivery> deliveries;
  std::ranges::transform(rows, std::back_inserter(deliveries), DeliveryOf);
  return deliveries;
}

}  // namespace

absl::StatusOr<Rows> MysqlStore::Read(const char* name, absl::Time deadline, const std::string& statement,
                                      const Values& parameters) {
  Rows rows;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use(name, deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(rows, db.Query(statement, parameters));
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<std::vector<Message>> MysqlStore::ListDueScheduled(const Products& of, absl::Time now, int limit,
                                                                  absl::Time deadline) {
  if (of && of->empty()) return std::vector<Message>();
  Values parameters = {ToValue(MessageState::kScheduled), now};
  const std::string statement = sql::OfProducts(sql::kListDueScheduled, of, &parameters, sql::kListDueScheduledEnd);
  parameters.emplace_back(static_cast<int64_t>(limit));
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_due_scheduled", deadline, statement, parameters));
  return MessagesOf(rows);
}

absl::StatusOr<std::vector<ChannelName>> MysqlStore::ListUnsentChannels(const Products& of, int limit,
                                                                        absl::Time deadline) {
  if (of && of->empty()) return std::vector<ChannelName>();
  Values parameters = {ToValue(MessageState::kAccepted)};
  const std::string statement = sql::OfProducts(sql::kListUnsentChannels, of, &parameters, sql::kListUnsentChannelsEnd);
  parameters.emplace_back(static_cast<int64_t>(limit));
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_unsent_channels", deadline, statement, parameters));
  std::vector<ChannelName> channels;
  for (const mysql::Row& row : rows) channels.push_back({row.Text(0), row.Text(1)});
  return channels;
}

absl::StatusOr<std::vector<Message>> MysqlStore::ListUnsent(const ChannelName& channel, int limit,
                                                            absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_unsent", deadline, sql::kListUnsent,
                                                 {ToValue(MessageState::kAccepted), channel.product, channel.channel,
                                                  static_cast<int64_t>(limit)}));
  return MessagesOf(rows);
}

absl::StatusOr<std::vector<Message>> MysqlStore::ReadMessages(Connection& db, const std::string& product,
                                                              std::span<const Id> message_ids) {
  const std::set<Id> ids(message_ids.begin(), message_ids.end());
  std::vector<Message> messages;
  for (auto it = ids.begin(); it != ids.end();) {
    std::vector<Value> chunk;
    for (; it != ids.end() && chunk.size() < kMessagesPerRead; ++it) chunk.push_back(ToValue(*it));
    Values parameters = {product};
    const std::string statement = sql::WithIn(sql::kGetMessages, chunk, &parameters, ") ORDER BY message_id");
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(statement, parameters));
    std::ranges::move(MessagesOf(rows), std::back_inserter(messages));
  }
  return messages;
}

absl::StatusOr<PendingPage> MysqlStore::ReadPending(Connection& db, const std::string& product,
                                                    const PendingQuery& query, int limit, size_t* bytes,
                                                    std::map<Id, Message>* known) {
  PendingPage page;
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           db.Query(sql::kListPending, {product, query.user_id, ToValue(DeliveryState::kPending),
                                                        query.channel, static_cast<int64_t>(limit) + 1}));
  std::vector<Id> ids = IdsOf(rows);
  page.has_more = ids.size() > static_cast<size_t>(limit);
  if (page.has_more) ids.pop_back();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!known->contains(ids[i])) {
      // This one and some of those that follow.
      const std::span<const Id> next = std::span<const Id>(ids).subspan(i, std::min(kMessagesPerRead, ids.size() - i));
      TRIVIUM_ASSIGN_OR_RETURN(std::vector<Message> read, ReadMessages(db, product, next));
      for (Message& m : read) known->insert_or_assign(m.id, std::move(m));
    }
    const auto m = known->find(ids[i]);
    if (m == known->end()) continue;
    if (*bytes > 0 && *bytes + m->second.data.size() > kPendingBytesMax) {
      page.has_more = true;
      *bytes = kPendingBytesMax;
      break;
    }
    *bytes += m->second.data.size();
    page.messages.push_back(m->second);
  }
  return page;
}

absl::StatusOr<std::vector<PendingPage>> MysqlStore::ListPending(const std::string& product,
                                                                 std::span<const PendingQuery> queries, int limit_each,
                                                                 absl::Time deadline) {
  std::vector<PendingPage> pages(queries.size());
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("list_pending", deadline, [&](Connection& db) -> absl::Status {
    size_t bytes = 0;
    // Many users wait for the same messages: each is read once, and there are not more than fit.
    std::map<Id, Message> known;
    for (size_t i = 0; i < queries.size(); ++i) {
      TRIVIUM_ASSIGN_OR_RETURN(pages[i], ReadPending(db, product, queries[i], limit_each, &bytes, &known));
    }
    return absl::OkStatus();
  }));
  return pages;
}

absl::StatusOr<std::vector<Message>> MysqlStore::ListChannelTail(const ChannelName& channel, absl::Time now, int limit,
                                                                 absl::Time deadline) {
  constexpr size_t kPrefix = 5;  // "user:"
  const bool of_user = channel.channel.starts_with("user:");
  Values parameters = {channel.product};
  if (of_user) parameters.emplace_back(channel.channel.substr(kPrefix));
  parameters.insert(parameters.end(), {channel.channel, now, ToValue(MessageState::kSent),
                                       ToValue(MessageState::kCompleted), static_cast<int64_t>(limit)});
  std::vector<Message> tail;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("list_channel_tail", deadline, [&](Connection& db) -> absl::Status {
    if (of_user) {
      TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(sql::kListUserTail, parameters));
      TRIVIUM_ASSIGN_OR_RETURN(tail, ReadMessages(db, channel.product, IdsOf(rows)));
      return absl::OkStatus();
    }
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(sql::kListChannelTail, parameters));
    tail = MessagesOf(rows);
    std::ranges::reverse(tail);
    return absl::OkStatus();
  }));
  return tail;
}

absl::StatusOr<Message> MysqlStore::GetMessage(const std::string& product, const Id& message_id, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           Read("get_message", deadline, sql::kGetMessage, {product, ToValue(message_id)}));
  if (rows.empty()) return MessageNotFound();
  return MessageOf(rows[0]);
}

absl::StatusOr<std::vector<Message>> MysqlStore::GetMessages(const std::string& product,
                                                             std::span<const Id> message_ids, absl::Time deadline) {
  std::vector<Message> messages;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("get_messages", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(messages, ReadMessages(db, product, message_ids));
    return absl::OkStatus();
  }));
  return messages;
}

absl::StatusOr<std::vector<Message>> MysqlStore::ListMessages(const std::string& product, const MessageFilter& filter,
                                                              absl::Time deadline) {
  const bool channel = filter.channel.has_value(), state = filter.state.has_value();
  Values parameters = {product};
  if (channel) parameters.emplace_back(*filter.channel);
  if (state) parameters.push_back(ToValue(*filter.state));
  parameters.push_back(BeforeOrEnd(filter.before));
  AppendRange(filter.message_class, MessageClass::kLossy, MessageClass::kReliable, &parameters);
  parameters.push_back(static_cast<int64_t>(filter.limit));
  const char* statement = channel ? (state ? sql::kListMessagesOfChannelInState : sql::kListMessagesOfChannel)
                                  : (state ? sql::kListMessagesInState : sql::kListMessages);
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_messages", deadline, statement, parameters));
  return MessagesOf(rows);
}

absl::StatusOr<std::vector<Delivery>> MysqlStore::ListRecipients(const std::string& product, const Id& message_id,
                                                                 const RecipientFilter& filter, absl::Time deadline) {
  Values parameters = {product, ToValue(message_id), filter.after};
  AppendRange(filter.state, DeliveryState::kPending, DeliveryState::kDropped, &parameters);
  parameters.push_back(static_cast<int64_t>(filter.limit));
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_recipients", deadline, sql::kListRecipients, parameters));
  return DeliveriesOf(rows);
}

absl::StatusOr<std::vector<Delivery>> MysqlStore::ListUserMessages(const std::string& product,
                                                                   const std::string& user_id,
                                                                   const UserMessageFilter& filter,
                                                                   absl::Time deadline) {
  Values parameters = {product, user_id, BeforeOrEnd(filter.before)};
  AppendRange(filter.state, DeliveryState::kPending, DeliveryState::kDropped, &parameters);
  parameters.push_back(static_cast<int64_t>(filter.limit));
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_user_messages", deadline, sql::kListUserMessages, parameters));
  return DeliveriesOf(rows);
}

absl::StatusOr<DaySummary> MysqlStore::SummarizeDay(const std::string& product, const std::string& day,
                                                    absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("summarize_day", deadline, sql::kSummarizeDay, {product, day}));
  DaySummary summary;
  for (const mysql::Row& row : rows) summary[static_cast<MessageClass>(row.Int(0))] = {row.Int(1), CountsOf(row, 2)};
  return summary;
}

absl::StatusOr<std::map<std::string, OpenWork>> MysqlStore::CountOpenWork(absl::Time now, absl::Time deadline) {
  std::map<std::string, OpenWork> work;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("count_open_work", deadline, [&](Connection& db) -> absl::Status {
    work.clear();
    const absl::CivilDay first_day = absl::ToCivilDay(now, absl::UTCTimeZone()) - kDaysOpenMax;
    TRIVIUM_ASSIGN_OR_RETURN(const Rows oldest, db.Query(sql::kOldestPending));
    for (const mysql::Row& row : oldest) {
      OpenWork& open = work[row.Text(0)];
      open.oldest_pending = TimeOf(IdAt(row, 1));
      TRIVIUM_ASSIGN_OR_RETURN(const Rows pending,
                               db.Query(sql::kCountPending, {row.Text(0), absl::FormatCivilTime(first_day)}));
      open.pending = pending[0].Int(0);
    }
    TRIVIUM_ASSIGN_OR_RETURN(const Rows unsent, db.Query(sql::kCountUnsent, {ToValue(MessageState::kAccepted)}));
    for (const mysql::Row& row : unsent) {
      OpenWork& open = work[row.Text(0)];
      open.unsent = row.Int(1);
      open.oldest_unsent = row.Time(2);
    }
    return absl::OkStatus();
  }));
  return work;
}

absl::StatusOr<std::vector<StoredEvent>> MysqlStore::ListEvents(const std::string& product, int64_t after, int limit,
                                                                absl::Time deadline) {
  return ListOutboxEvents(pool_, product, after, limit, deadline);
}

absl::StatusOr<EventRange> MysqlStore::RangeOfEvents(const std::string& product, absl::Time deadline) {
  return RangeOfOutboxEvents(pool_, product, deadline);
}

absl::StatusOr<User> MysqlStore::GetUser(const std::string& product, const std::string& user_id, absl::Time deadline) {
  User user;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("get_user", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(user, MysqlUsers(db).Get(product, user_id));
    return absl::OkStatus();
  }));
  return user;
}

absl::StatusOr<std::vector<std::string>> MysqlStore::ListRoomMembers(const std::string& product,
                                                                     const std::string& room_id,
                                                                     const std::string& after, int limit,
                                                                     absl::Time deadline) {
  std::vector<std::string> members;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("list_room_members", deadline, [&](Connection& db) -> absl::Status {
    const std::string from = after.empty() ? "" : After(after);
    TRIVIUM_ASSIGN_OR_RETURN(members, ReadMembers(db, product, room_id, from, static_cast<size_t>(limit)));
    return absl::OkStatus();
  }));
  return members;
}

absl::StatusOr<std::vector<std::string>> MysqlStore::RoomsOfMember(const std::string& product,
                                                                   const std::string& user_id,
                                                                   std::span<const std::string> room_ids,
                                                                   absl::Time deadline) {
  std::vector<std::string> mine;
  if (room_ids.empty()) return mine;
  Values parameters = {product, user_id};
  const std::string statement = sql::WithIn(sql::kRoomsOfMember, {room_ids.begin(), room_ids.end()}, &parameters);
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("rooms_of_member", deadline, statement, parameters));
  const std::vector<std::string> texts = TextsOf(rows);
  const std::set<std::string> found(texts.begin(), texts.end());
  std::ranges::copy_if(room_ids, std::back_inserter(mine),
                       [&](const std::string& room) { return found.contains(room); });
  return mine;
}

absl::StatusOr<std::vector<std::string>> MysqlStore::ListAudience(const std::string& product,
                                                                  const std::string& expression,
                                                                  const std::string& after, int limit,
                                                                  absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const AudiencePlan plan, PlanOfExpression(expression));
  std::vector<std::string> users;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("list_audience", deadline, [&](Connection& db) -> absl::Status {
    MysqlAudienceReader reader(db, product);
    const std::string from = after.empty() ? "" : After(after);
    TRIVIUM_ASSIGN_OR_RETURN(users, Take(*Open(plan, reader), from, static_cast<size_t>(limit)));
    return absl::OkStatus();
  }));
  return users;
}

}  // namespace trivium::push
