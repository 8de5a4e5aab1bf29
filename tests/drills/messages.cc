#include "tests/drills/messages.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/jwt/signer.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "tests/load/load_flags.h"
#include "tests/load/product_tls.h"
#include "trivium/push/v1/push.grpc.pb.h"

namespace trivium::drills {

namespace api = trivium::push::v1;

namespace {

constexpr int kGatewayPort = 92;       // From the clone's base: deploy/local/env.sh.
constexpr size_t kMembersMax = 5'000;  // Of one call.
constexpr absl::Duration kCallTimeout = absl::Seconds(10), kTtl = absl::Hours(1), kLookEvery = absl::Milliseconds(200);

absl::Status ToStatus(const grpc::Status& status) {
  return StatusFromDetails(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                           status.error_details());
}

void SetDeadline(grpc::ClientContext& context) { context.set_deadline(absl::ToChronoTime(absl::Now() + kCallTimeout)); }

}  // namespace

absl::StatusOr<Tokens> Tokens::Create(const DrillFlags& flags) {
  const std::string path = absl::StrCat(flags.home, "/products/", flags.product, "/token.key");
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read; is the platform up?"));
  std::stringstream pem;
  pem << file.rdbuf();
  TRIVIUM_ASSIGN_OR_RETURN(jwt::Signer signer, jwt::Signer::FromPem(pem.str(), "dev-1"));
  return Tokens(flags.product, std::make_shared<const jwt::Signer>(std::move(signer)));
}

std::string Tokens::Of(const std::string& user) const { return Sign(user, {}); }
std::string Tokens::OfBackend() const { return Sign("drill", {"trivium-backend"}); }

std::string Tokens::Sign(const std::string& subject, std::vector<std::string> audience) const {
  jwt::Claims claims;
  claims.subject = subject;
  claims.product = product_;
  claims.audience = std::move(audience);
  claims.expires = absl::Now() + absl::Hours(12);
  const auto token = signer_->Sign(claims);
  return token.ok() ? *token : "";
}

absl::StatusOr<std::unique_ptr<Clients>> Clients::Create(const DrillFlags& flags, const Tokens& tokens,
                                                         const std::vector<std::string>& users,
                                                         const std::string& room) {
  std::unique_ptr<Clients> clients(new Clients());
  TRIVIUM_ASSIGN_OR_RETURN(clients->loop_, client::Loop::Start());
  for (size_t i = 0; i < users.size(); ++i) {
    client::ConnectionOptions options;
    options.address = absl::StrCat("127.0.0.1:", load::PortBase(flags.home) + kGatewayPort);
    options.session.form = i % 2 == 0 ? client::Form::kProtobuf : client::Form::kJson;
    options.session.data = R"({"platform":"drill"})";
    options.token = [tokens, user = users[i]] { return tokens.Of(user); };
    options.seed = (i + 1) * 0x9e3779b97f4a7c15u;
    clients->witnesses_.push_back(std::make_unique<Witness>(room));
    clients->connections_.push_back(
        std::make_unique<client::Connection>(options, *clients->loop_, *clients->witnesses_.back()));
    if (!room.empty()) clients->connections_.back()->Subscribe(room);
  }
  return clients;
}

Clients::~Clients() {
  connections_.clear();  // They end in the loop's thread.
  loop_.reset();
}

absl::Status Clients::Open(absl::Duration patience) {
  for (const auto& connection : connections_) connection->Open();
  const absl::Time give_up = absl::Now() + patience;
  while (true) {
    const auto in = std::count_if(witnesses_.begin(), witnesses_.end(), [](const auto& w) { return w->in.load(); });
    if (static_cast<size_t>(in) == witnesses_.size()) return absl::OkStatus();
    if (absl::Now() > give_up) {
      return absl::UnavailableError(
          absl::StrCat("clients: ", in, " of ", witnesses_.size(), " came in within ", absl::FormatDuration(patience)));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
}

void Clients::Look(const std::function<void(size_t, const Witness&)>& look) {
  loop_->Run([&] {
    for (size_t i = 0; i < witnesses_.size(); ++i) look(i, *witnesses_[i]);
  });
}

struct Messages::Impl {
  DrillFlags flags;
  std::string run_id, room;
  CallLog* log = nullptr;
  std::unique_ptr<api::PushService::Stub> stub;
  std::vector<std::string> users;
  std::unique_ptr<Clients> clients;
  Mutex mu;
  std::map<int64_t, std::string> reliable ABSL_GUARDED_BY(mu);  // Number -> message id.
  int64_t ordered ABSL_GUARDED_BY(mu) = 0;
  Workers publishers;  // Last: its threads use the rest.

  absl::StatusOr<std::string> Publish(const api::Target& target, api::MessageClass message_class,
                                      const std::string& name, int64_t n) {
    api::PublishRequest request;
    request.set_request_id(absl::StrCat(run_id, ":", name, ":", n));
    *request.mutable_target() = target;
    request.set_class_(message_class);
    request.set_data(absl::StrCat("{\"n\":", n, "}"));
    request.mutable_ttl()->set_seconds(absl::ToInt64Seconds(kTtl));
    grpc::ClientContext context;
    SetDeadline(context);
    api::Message answer;
    const absl::Time begin = absl::Now();
    const absl::Status status = ToStatus(stub->Publish(&context, request, &answer));
    log->Add("push.publish", begin, status);
    if (!status.ok()) return status;
    return answer.message_id();
  }

  // Members are recipients of RELIABLE messages whether they are connected or not: also while they are moved.
  absl::Status AddMembers() {
    for (size_t first = 0; first < users.size(); first += kMembersMax) {
      api::AddRoomMembersRequest request;
      request.set_request_id(absl::StrCat(run_id, ":members:", first));
      request.set_room_id(room);
      for (size_t i = first; i < std::min(users.size(), first + kMembersMax); ++i) request.add_user_ids(users[i]);
      grpc::ClientContext context;
      SetDeadline(context);
      api::AddRoomMembersResponse answer;
      TRIVIUM_RETURN_IF_ERROR(ToStatus(stub->AddRoomMembers(&context, request, &answer)));
    }
    return absl::OkStatus();
  }

  void PublishToRoom(int64_t n) {
    api::Target target;
    target.set_room_id(room);
    const auto reliable_id = Publish(target, api::RELIABLE, "reliable", n);
    const auto ordered_id = Publish(target, api::ORDERED, "ordered", n);
    MutexLock lock(mu);
    if (reliable_id.ok()) reliable[n] = *reliable_id;
    if (ordered_id.ok()) ++ordered;
  }

  // What push says of one message; nothing when it does not answer.
  api::Delivery LedgerOf(const std::string& message_id) {
    grpc::ClientContext context;
    SetDeadline(context);
    api::GetMessageRequest request;
    request.set_message_id(message_id);
    api::Message answer;
    const absl::Time begin = absl::Now();
    log->Add("push.get", begin, ToStatus(stub->GetMessage(&context, request, &answer)));
    return answer.delivery();
  }

  int64_t CountLost(const std::map<int64_t, std::string>& published) {
    int64_t lost = 0;
    clients->Look([&](size_t, const Witness& witness) {
      for (const auto& [n, unused] : published) lost += witness.reliable.contains(n) ? 0 : 1;
    });
    return lost;
  }
};

Messages::Messages(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Messages::~Messages() = default;

absl::StatusOr<std::unique_ptr<Messages>> Messages::Create(const DrillFlags& flags, const std::string& run_id,
                                                           CallLog& log) {
  TRIVIUM_ASSIGN_OR_RETURN(const Tokens tokens, Tokens::Create(flags));
  TRIVIUM_ASSIGN_OR_RETURN(const grpc::SslCredentialsOptions tls,
                           load::ReadProductTls(flags.home + "/pki", flags.product));
  auto impl = std::make_unique<Impl>();
  impl->flags = flags;
  impl->run_id = run_id;
  impl->room = "drill." + run_id;
  impl->log = &log;
  impl->stub = api::PushService::NewStub(
      grpc::CreateChannel(absl::StrCat("xds:///", flags.product, ".push.trivium"), grpc::SslCredentials(tls)));
  for (int i = 0; i < flags.clients; ++i) impl->users.push_back(absl::StrCat(run_id, ".", i));
  TRIVIUM_ASSIGN_OR_RETURN(impl->clients, Clients::Create(flags, tokens, impl->users, "room:" + impl->room));
  return std::unique_ptr<Messages>(new Messages(std::move(impl)));
}

absl::Status Messages::Open() {
  TRIVIUM_RETURN_IF_ERROR(impl_->AddMembers());
  return impl_->clients->Open(absl::Seconds(60));
}

// One thread: ORDERED messages are in order only when they are published one after the other.
void Messages::Start() {
  impl_->publishers.Start(1, impl_->flags.messages, [this](int64_t n) { impl_->PublishToRoom(n); });
}

void Messages::Stop() { impl_->publishers.Stop(); }

MessageFindings Messages::Find(absl::Duration patience) {
  std::map<int64_t, std::string> published;
  MessageFindings found;
  {
    MutexLock lock(impl_->mu);
    published = impl_->reliable;
    found.ordered = impl_->ordered;
  }
  found.reliable = static_cast<int64_t>(published.size());
  const absl::Time give_up = absl::Now() + patience;
  while ((found.lost = impl_->CountLost(published)) > 0 && absl::Now() < give_up) absl::SleepFor(kLookEvery);
  for (const auto& [n, id] : published) {
    api::Delivery ledger = impl_->LedgerOf(id);
    while (ledger.pending() > 0 && absl::Now() < give_up) {
      absl::SleepFor(kLookEvery);
      ledger = impl_->LedgerOf(id);
    }
    found.accepted += ledger.accepted();
    found.acked += ledger.acked();
  }
  impl_->clients->Look([&](size_t, const Witness& witness) {
    found.shown_twice += witness.shown_twice;
    found.ordered_seen += witness.ordered;
    found.holes_told += witness.holes_told;
    found.holes_untold += witness.holes_untold;
    found.out_of_order += witness.out_of_order;
    found.moves.insert(found.moves.end(), witness.moves.begin(), witness.moves.end());
  });
  std::sort(found.moves.begin(), found.moves.end(), [](const Move& a, const Move& b) { return a.at < b.at; });
  return found;
}

absl::StatusOr<std::map<std::string, std::string>> Messages::PublishToTheAbsent(const std::vector<std::string>& users) {
  std::map<std::string, std::string> ids;
  for (const std::string& user : users) {
    api::Target target;
    target.set_user_id(user);
    TRIVIUM_ASSIGN_OR_RETURN(ids[user],
                             impl_->Publish(target, api::RELIABLE, "absent", static_cast<int64_t>(ids.size())));
  }
  return ids;
}

}  // namespace trivium::drills
