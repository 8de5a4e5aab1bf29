#include "libs/redis/reply_reader.h"

#include <hiredis/hiredis.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium::redis {

// The reply that hiredis builds: the root is ours, elements lie in their parent's vector, which never grows again.
struct ReplyReader::Building {
  ReplyLimits left;

  static Building& Of(const redisReadTask* task) { return *static_cast<Building*>(task->privdata); }

  // Where the task's value belongs.
  static Reply* Place(const redisReadTask* task, Reply value) {
    if (task->parent == nullptr) return new Reply(std::move(value));
    Reply& parent = *static_cast<Reply*>(task->parent->obj);
    Reply& place = parent.elements_[static_cast<size_t>(task->idx)];
    place = std::move(value);
    return &place;
  }
  // What is over the limits is an allocation that fails.
  static void* String(const redisReadTask* task, char* text, size_t size) {
    Building& building = Of(task);
    if (size > building.left.bytes) return nullptr;
    building.left.bytes -= size;
    std::string copy(text, size);
    return Place(task,
                 task->type == REDIS_REPLY_ERROR ? Reply::OfError(std::move(copy)) : Reply::OfString(std::move(copy)));
  }
  static void* Array(const redisReadTask* task, int size) {
    Building& building = Of(task);
    const auto count = static_cast<size_t>(size);
    if (size < 0 || count > building.left.elements) return nullptr;
    building.left.elements -= count;
    return Place(task, Reply::OfArray(std::vector<Reply>(count)));
  }
  static void* Integer(const redisReadTask* task, long long value) {  // NOLINT(runtime/int): hiredis's type.
    return Place(task, Reply::OfInteger(value));
  }
  static void* Nil(const redisReadTask* task) { return Place(task, Reply()); }
  static void Free(void* root) { delete static_cast<Reply*>(root); }

  static redisReplyObjectFunctions* Functions() {
    static redisReplyObjectFunctions functions = {String, Array, Integer, Nil, Free};
    return &functions;
  }
};

ReplyReader::ReplyReader(ReplyLimits limits)
    : limits_(limits),
      building_(std::make_unique<Building>()),
      reader_(redisReaderCreateWithFunctions(Building::Functions())) {
  building_->left = limits_;
  reader_->privdata = building_.get();
}

ReplyReader::~ReplyReader() { redisReaderFree(reader_); }

void ReplyReader::Refuse(std::string_view why) {
  if (status_.ok()) status_ = absl::DataLossError(absl::StrCat("redis protocol: ", ToAbsl(why)));
}

void ReplyReader::Feed(std::string_view bytes) {
  if (!status_.ok()) return;
  if (redisReaderFeed(reader_, bytes.data(), bytes.size()) != REDIS_OK) Refuse(reader_->errstr);
}

absl::StatusOr<std::optional<Reply>> ReplyReader::Next() {
  void* root = nullptr;
  if (status_.ok() && redisReaderGetReply(reader_, &root) != REDIS_OK) Refuse(reader_->errstr);
  if (!status_.ok()) return status_;
  if (root == nullptr) {
    // What was parsed of an unfinished reply is gone from the buffer, except a bulk: that waits in it until it is
    // whole.
    if (reader_->len - reader_->pos > limits_.bytes) Refuse(absl::StrCat("a reply of over ", limits_.bytes, " bytes"));
    return status_.ok() ? absl::StatusOr<std::optional<Reply>>(std::nullopt) : status_;
  }
  building_->left = limits_;
  const std::unique_ptr<Reply> owned(static_cast<Reply*>(root));
  return std::optional<Reply>(std::move(*owned));
}

bool ReplyReader::empty() const { return reader_->pos == reader_->len && reader_->ridx < 0; }

}  // namespace trivium::redis
