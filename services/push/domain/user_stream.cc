// The streams behind Open: one class an operation.
#include <algorithm>
#include <utility>

#include "services/push/domain/audience_plan.h"

namespace trivium::push {
namespace {

using Operation = AudiencePlan::Operation;
using Inputs = std::vector<std::unique_ptr<UserStream>>;

class PagedStream : public UserStream {
 public:
  PagedStream(ReadPage read, size_t page) : read_(std::move(read)), page_(page) {}

  absl::StatusOr<const std::string*> Seek(const std::string& from) override {
    SkipTo(from);
    if (at_ == users_.size() && !at_end_) {
      absl::StatusOr<std::vector<std::string>> read = read_(from, page_);
      if (!read.ok()) return read.status();
      users_ = *std::move(read);
      at_ = 0;
      at_end_ = users_.size() < page_;
    }
    return at_ == users_.size() ? nullptr : &users_[at_];
  }

 private:
  // Mostly it is the next one.
  void SkipTo(const std::string& from) {
    if (at_ < users_.size() && users_[at_] < from) ++at_;
    if (at_ < users_.size() && users_[at_] < from) {
      at_ = static_cast<size_t>(std::lower_bound(users_.begin() + static_cast<int64_t>(at_), users_.end(), from) -
                                users_.begin());
    }
  }

  const ReadPage read_;
  const size_t page_;
  std::vector<std::string> users_;  // The page, at most page_.
  size_t at_ = 0;
  bool at_end_ = false;  // No more after this page.
};

class IntersectStream : public UserStream {
 public:
  explicit IntersectStream(Inputs inputs) : inputs_(std::move(inputs)) {}

  absl::StatusOr<const std::string*> Seek(const std::string& from) override {
    std::string wanted = from;
    for (size_t agreed = 0, i = 0;; i = (i + 1) % inputs_.size()) {
      const absl::StatusOr<const std::string*> found = inputs_[i]->Seek(wanted);
      if (!found.ok() || *found == nullptr) return found;
      agreed = **found == wanted ? agreed + 1 : 1;
      wanted = **found;
      if (agreed >= inputs_.size()) return found;
    }
  }

 private:
  const Inputs inputs_;
};

class UnionStream : public UserStream {
 public:
  explicit UnionStream(Inputs inputs) : inputs_(std::move(inputs)) {}

  absl::StatusOr<const std::string*> Seek(const std::string& from) override {
    const std::string* least = nullptr;
    for (const auto& input : inputs_) {
      const absl::StatusOr<const std::string*> found = input->Seek(from);
      if (!found.ok()) return found;
      if (*found != nullptr && (least == nullptr || **found < *least)) least = *found;
    }
    return least;
  }

 private:
  const Inputs inputs_;
};

class ExceptStream : public UserStream {
 public:
  explicit ExceptStream(Inputs inputs) : inputs_(std::move(inputs)) {}

  absl::StatusOr<const std::string*> Seek(const std::string& from) override {
    std::string wanted = from;
    for (;;) {
      const absl::StatusOr<const std::string*> found = inputs_[0]->Seek(wanted);
      if (!found.ok() || *found == nullptr) return found;
      const absl::StatusOr<const std::string*> excluded = inputs_[1]->Seek(**found);
      if (!excluded.ok()) return excluded;
      if (*excluded == nullptr || **excluded != **found) return found;
      wanted = After(**found);
    }
  }

 private:
  const Inputs inputs_;
};

}  // namespace

std::unique_ptr<UserStream> OpenPages(ReadPage read, size_t page) {
  return std::make_unique<PagedStream>(std::move(read), page);
}

std::unique_ptr<UserStream> OpenUnion(Inputs inputs) { return std::make_unique<UnionStream>(std::move(inputs)); }

std::unique_ptr<UserStream> Open(const AudiencePlan& plan, AudienceReader& reader, size_t page) {
  Inputs inputs;
  for (const AudiencePlan& input : plan.inputs) inputs.push_back(Open(input, reader, page));
  switch (plan.operation) {
    case Operation::kLeaf:
      return OpenPages([&reader, leaf = plan.leaf](const std::string& from,
                                                   size_t limit) { return reader.ReadUsers(leaf, from, limit); },
                       page);
    case Operation::kIntersect:
      return std::make_unique<IntersectStream>(std::move(inputs));
    case Operation::kUnion:
      return OpenUnion(std::move(inputs));
    case Operation::kExcept:
      return std::make_unique<ExceptStream>(std::move(inputs));
  }
  return nullptr;
}

}  // namespace trivium::push
