#include "libs/http/connection.h"

#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/http/head_check.h"
#include "libs/http/proxy_protocol.h"
#include "libs/log/log.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;

constexpr size_t kReadChunk = 4096;
// After an answer that ends a connection early, so much of what the client still sends is read and dropped: a reset
// would eat the answer.
constexpr size_t kLingerBytes = 1 << 20;
constexpr absl::Duration kLingerTime = absl::Seconds(1);

absl::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool HasLineBreak(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

// A name or value with a line break would let its author write headers of his own.
bool IsSafe(const Response& response) {
  const bool status_fits = response.take_over ? response.status == 101 : response.status >= 200;
  if (!status_fits || response.status > 599 || HasLineBreak(response.content_type)) return false;
  for (const auto& [name, value] : response.headers) {
    if (name.empty() || HasLineBreak(name) || HasLineBreak(value) || name.find(':') != name.npos) return false;
  }
  return true;
}

// "Fri, 27 Nov 2026 08:00:00 GMT"; made once a second.
const std::string& DateNow() {
  thread_local int64_t second = -1;
  thread_local std::string text;
  const absl::Time now = absl::Now();
  if (absl::ToUnixSeconds(now) != second) {
    second = absl::ToUnixSeconds(now);
    text = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone());
  }
  return text;
}

std::string FormatHead(const Response& response, bool close, bool http10) {
  const bool has_length = response.status >= 200 && response.status != 204 && response.status != 304;
  std::string head = absl::StrCat("HTTP/1.1 ", response.status, " ",
                                  View(bhttp::obsolete_reason(static_cast<bhttp::status>(response.status))),
                                  "\r\nDate: ", DateNow(), "\r\n");
  if (!response.content_type.empty() && has_length)
    absl::StrAppend(&head, "Content-Type: ", response.content_type, "\r\n");
  if (has_length) absl::StrAppend(&head, "Content-Length: ", response.body.size(), "\r\n");
  absl::StrAppend(&head, "X-Content-Type-Options: nosniff\r\n");
  if (close) absl::StrAppend(&head, "Connection: close\r\n");
  if (!close && http10) absl::StrAppend(&head, "Connection: keep-alive\r\n");
  for (const auto& [name, value] : response.headers) absl::StrAppend(&head, name, ": ", value, "\r\n");
  absl::StrAppend(&head, "\r\n");
  return head;
}

class BeastConnection : public Connection, public std::enable_shared_from_this<BeastConnection> {
 public:
  BeastConnection(std::shared_ptr<ConnectionHost> host, asio::ip::tcp::socket socket)
      : host_(std::move(host)),
        options_(host_->options()),
        stream_(std::move(socket)),
        buffer_(options_.max_header_bytes + (64 << 10)) {
    error_code ignored;
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    const auto peer = stream_.socket().remote_endpoint(ignored);
    if (!ignored) peer_ = absl::StrCat(peer.address().to_string(), ":", peer.port());
  }
  ~BeastConnection() override { host_->Closed(this); }

  void Start() override {
    host_->Post(stream_.get_executor(), [self = shared_from_this()] { self->Begin(); });
  }
  void Reject() override {
    host_->Post(stream_.get_executor(), [self = shared_from_this()] { self->Refuse(503, "too many connections"); });
  }
  void Shutdown(bool now) override {
    host_->Post(stream_.get_executor(), [self = shared_from_this(), now] {
      if (now || self->idle_) self->Close();
    });
  }

 private:
  void Begin();
  void ReadProxyHeader();
  void Admit();
  void AwaitRequest();
  void ReadHead();
  void OnHead(error_code ec);
  void SendContinue();
  void ReadBody();
  void OnBody(error_code ec);
  void Dispatch();
  void Respond(Response response);
  void Refuse(int status, std::string_view why);
  void Write();
  void OnWritten(error_code ec);
  void HandOver();
  void Linger(size_t left);
  void Close();

  void ExpireAfter(absl::Duration d) { stream_.expires_after(absl::ToChronoMilliseconds(d)); }
  template <typename Method>
  auto Then(Method method) {
    return [self = shared_from_this(), method](error_code ec, size_t) { (self.get()->*method)(ec); };
  }

  const std::shared_ptr<ConnectionHost> host_;
  const ServerOptions& options_;
  beast::tcp_stream stream_;  // All below is used on its strand.
  beast::flat_buffer buffer_;
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  std::function<void(uint64_t, boost::beast::string_view, error_code&)>
      on_chunk_header_;  // The parser keeps a reference.
  std::string peer_;
  Request request_;
  std::string head_, body_;                         // Being written.
  std::function<void(TakenConnection)> take_over_;  // Afterwards.
  std::array<char, kReadChunk> dropped_;
  bool idle_ = false;  // Between requests.
  bool first_ = true;
  bool is_head_ = false, http10_ = false, close_ = false;
};

void BeastConnection::Begin() {
  if (!options_.proxy_protocol) return Admit();
  if (!options_.proxies.Contains(WithoutPort(peer_))) {
    host_->CountRefused(403);
    return Close();
  }
  ExpireAfter(options_.header_timeout);
  ReadProxyHeader();
}

void BeastConnection::ReadProxyHeader() {
  idle_ = true;
  stream_.async_read_some(buffer_.prepare(kReadChunk), [self = shared_from_this()](error_code ec, size_t n) {
    self->idle_ = false;
    if (ec) return self->Close();
    self->buffer_.commit(n);
    const auto bytes = self->buffer_.data();
    const auto header = ParseProxyHeader({static_cast<const char*>(bytes.data()), bytes.size()});
    if (header.ok() && !header->has_value()) return self->ReadProxyHeader();
    if (!header.ok()) {
      self->host_->CountRefused(400);
      return self->Close();
    }
    if (!(*header)->peer.empty()) self->peer_ = (*header)->peer;
    self->buffer_.consume((*header)->size);
    self->Admit();
  });
}

void BeastConnection::Admit() {
  if (options_.admit == nullptr || options_.admit(WithoutPort(peer_))) return AwaitRequest();
  host_->CountRefused(429);
  Close();
}

void BeastConnection::AwaitRequest() {
  if (host_->stopping()) return Close();
  if (buffer_.size() > 0) return ReadHead();
  idle_ = true;
  ExpireAfter(first_ ? options_.header_timeout : options_.idle_timeout);
  stream_.async_read_some(buffer_.prepare(kReadChunk), [self = shared_from_this()](error_code ec, size_t n) {
    self->idle_ = false;
    if (ec) return self->Close();
    self->buffer_.commit(n);
    self->ReadHead();
  });
}

void BeastConnection::ReadHead() {
  first_ = false;
  close_ = is_head_ = http10_ = false;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(options_.max_header_bytes));
  parser_->body_limit(options_.max_body_bytes);
  on_chunk_header_ = [](uint64_t, boost::beast::string_view extensions, error_code& ec) {
    if (!extensions.empty()) ec = bhttp::error::bad_chunk_extension;
  };
  parser_->on_chunk_header(on_chunk_header_);
  ExpireAfter(options_.header_timeout);
  bhttp::async_read_header(stream_, buffer_, *parser_, Then(&BeastConnection::OnHead));
}

void BeastConnection::OnHead(error_code ec) {
  if (ec == bhttp::error::header_limit || ec == bhttp::error::buffer_overflow) return Refuse(431, "head too large");
  if (ec == bhttp::error::body_limit) return Refuse(413, "body too large");
  if (ec == bhttp::error::end_of_stream || ec == bhttp::error::partial_message) return Close();
  if (ec && ec.category() == bhttp::make_error_code(bhttp::error::bad_method).category())
    return Refuse(400, "malformed HTTP");
  if (ec) return Close();

  const auto& head = parser_->get();
  request_ = {};
  request_.method = std::string(View(head.method_string()));
  request_.target = std::string(View(head.target()));
  request_.peer = peer_;
  for (const auto& field : head) {
    request_.headers.emplace_back(absl::AsciiStrToLower(View(field.name_string())), std::string(View(field.value())));
  }
  is_head_ = request_.method == "HEAD";
  http10_ = head.version() == 10;
  close_ = !head.keep_alive();
  const HeadProblem problem = CheckHead(static_cast<int>(head.version()), request_);
  if (problem.status != 0) return Refuse(problem.status, problem.message);
  if (parser_->is_done()) return Dispatch();
  if (!request_.Header("expect").empty()) return SendContinue();
  ReadBody();
}

void BeastConnection::SendContinue() {
  head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  ExpireAfter(options_.body_timeout);
  asio::async_write(stream_, asio::buffer(head_), [self = shared_from_this()](error_code ec, size_t) {
    if (ec) return self->Close();
    self->ReadBody();
  });
}

void BeastConnection::ReadBody() {
  ExpireAfter(options_.body_timeout);
  bhttp::async_read(stream_, buffer_, *parser_, Then(&BeastConnection::OnBody));
}

void BeastConnection::OnBody(error_code ec) {
  if (ec == bhttp::error::body_limit) return Refuse(413, "body too large");
  if (ec == bhttp::error::header_limit) return Refuse(431, "trailer too large");
  if (ec == bhttp::error::end_of_stream || ec == bhttp::error::partial_message) return Close();
  if (ec && ec.category() == bhttp::make_error_code(bhttp::error::bad_method).category())
    return Refuse(400, "malformed HTTP");
  if (ec) return Close();
  request_.body = std::move(parser_->get().body());
  Dispatch();
}

void BeastConnection::Dispatch() {
  parser_.reset();
  stream_.expires_never();
  host_->Dispatch(std::move(request_), [self = shared_from_this()](Response response) {
    self->host_->Post(self->stream_.get_executor(),
                      [self, response = std::move(response)]() mutable { self->Respond(std::move(response)); });
  });
}

void BeastConnection::Respond(Response response) {
  if (!IsSafe(response)) {
    TRIVIUM_LOG(kError, "http response refused: line break in a header, or bad status", {"status", response.status});
    response = {500, "text/plain; charset=utf-8", {}, "internal error\n"};
  }
  close_ = close_ || host_->stopping();
  take_over_ = std::move(response.take_over);
  head_ = FormatHead(response, close_ && !take_over_, http10_);
  const bool has_body = !is_head_ && !take_over_ && response.status != 204 && response.status != 304;
  body_ = has_body ? std::move(response.body) : std::string();
  Write();
}

// What follows on this connection can't be told from the refused request's rest, so it ends here.
void BeastConnection::Refuse(int status, std::string_view why) {
  host_->CountRefused(status);
  close_ = true;
  parser_.reset();
  const Response response{status, "text/plain; charset=utf-8", {}, absl::StrCat(ToAbsl(why), "\n")};
  head_ = FormatHead(response, true, false);
  body_ = is_head_ ? std::string() : response.body;
  Write();
}

void BeastConnection::Write() {
  ExpireAfter(options_.body_timeout);
  const std::array<asio::const_buffer, 2> parts = {asio::buffer(head_), asio::buffer(body_)};
  asio::async_write(stream_, parts, Then(&BeastConnection::OnWritten));
}

void BeastConnection::OnWritten(error_code ec) {
  head_.clear();
  body_ = {};
  if (ec) return Close();
  if (take_over_) return HandOver();
  if (!close_) return AwaitRequest();
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  ExpireAfter(kLingerTime);
  Linger(kLingerBytes);
}

// Nothing is being read or written now, so the socket may leave the I/O loop.
void BeastConnection::HandOver() {
  const auto take_over = std::move(take_over_);
  TakenConnection taken;
  taken.peer = peer_;
  taken.received.assign(static_cast<const char*>(buffer_.data().data()), buffer_.size());
  error_code ec;
  stream_.expires_never();
  stream_.socket().native_non_blocking(true, ec);
  if (!ec) taken.fd = stream_.socket().release(ec);
  if (ec) return Close();
  take_over(std::move(taken));
}

void BeastConnection::Linger(size_t left) {
  idle_ = true;
  stream_.async_read_some(asio::buffer(dropped_), [self = shared_from_this(), left](error_code ec, size_t n) {
    if (ec || n >= left) return self->Close();
    self->Linger(left - n);
  });
}

void BeastConnection::Close() {
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
}

}  // namespace

std::shared_ptr<Connection> NewConnection(std::shared_ptr<ConnectionHost> host, asio::ip::tcp::socket socket) {
  auto connection = std::make_shared<BeastConnection>(host, std::move(socket));
  host->Opened(connection);
  return connection;
}

}  // namespace trivium::http
