#include "libs/redis/connection.h"

#include <poll.h>

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/redis/errors.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::redis {
namespace {

// Small: hiredis moves what is left of a chunk after each kilobyte that it has parsed.
constexpr size_t kReadChunk = 16 << 10;

std::vector<Command> LoginCommands(const Login& login) {
  std::vector<Command> commands;
  if (!login.password.empty() && login.user.empty()) commands.push_back({{"AUTH", login.password}});
  if (!login.password.empty() && !login.user.empty()) commands.push_back({{"AUTH", login.user, login.password}});
  if (login.database != 0) commands.push_back({{"SELECT", absl::StrCat(login.database)}});
  return commands;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Address& address, const Login& login,
                                                             absl::Duration until, Clock& clock) {
  absl::StatusOr<Socket> socket = Socket::Connect(address, until, clock);
  if (!socket.ok()) return NotExecuted(address.ToString(), ToStd(socket.status().message()));
  std::unique_ptr<Connection> connection(new Connection(address, *std::move(socket), clock));
  TRIVIUM_RETURN_IF_ERROR(connection->LogIn(login, until));
  return connection;
}

absl::Status Connection::LogIn(const Login& login, absl::Duration until) {
  for (const Command& command : LoginCommands(login)) {
    const absl::Status answer = Ask(command, until).status();
    // A login whose answer was lost has changed nothing.
    if (IsOutcomeUnknown(answer)) return NotExecuted(address_.ToString(), "no answer to the login");
    TRIVIUM_RETURN_IF_ERROR(answer);
  }
  return absl::OkStatus();
}

absl::Status Connection::Write(std::string_view bytes, absl::Duration until, size_t* written) {
  *written = 0;
  while (*written < bytes.size()) {
    TRIVIUM_ASSIGN_OR_RETURN(const size_t n, socket_.WriteSome(bytes.substr(*written)));
    *written += n;
    if (n == 0) TRIVIUM_RETURN_IF_ERROR(socket_.Await(POLLOUT, until, clock_));
  }
  return absl::OkStatus();
}

absl::StatusOr<Reply> Connection::Read(absl::Duration until) {
  std::array<char, kReadChunk> chunk;
  while (true) {
    TRIVIUM_ASSIGN_OR_RETURN(std::optional<Reply> reply, reader_.Next());
    if (reply.has_value()) return *std::move(reply);
    TRIVIUM_RETURN_IF_ERROR(socket_.Await(POLLIN, until, clock_));
    TRIVIUM_ASSIGN_OR_RETURN(const size_t n, socket_.ReadSome(chunk.data(), chunk.size()));
    reader_.Feed({chunk.data(), n});
  }
}

absl::StatusOr<Reply> Connection::Ask(const Command& command, absl::Duration until) {
  std::string wire;
  AppendCommand(command, /*full_script=*/false, &wire);
  size_t written = 0;
  const absl::Status sent = Write(wire, until, &written);
  if (!sent.ok()) return NotExecuted(address_.ToString(), ToStd(sent.message()));
  absl::StatusOr<Reply> reply = Read(until);
  if (!reply.ok()) return OutcomeUnknown(address_.ToString(), ToStd(reply.status().message()));
  if (reply->type() == Reply::Type::kError) return ServerError(reply->error());
  return reply;
}

}  // namespace trivium::redis
