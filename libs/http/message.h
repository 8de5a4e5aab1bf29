// An HTTP request and response, as plain structs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace trivium::http {

struct Request {
  std::string method;                                        // "GET"
  std::string target;                                        // As sent: "/a%2Db?c=d"; what signatures cover.
  std::string path;                                          // "/a-b", decoded, without query; never with "..".
  std::string query;                                         // Raw, after "?".
  std::vector<std::pair<std::string, std::string>> headers;  // Names lower-case.
  std::string body;                                          // Raw bytes.
  std::string peer;                                          // "127.0.0.1:50000"
  absl::Time arrived;  // When it was whole; the time in a queue counts against its deadline.

  // First header of that lower-case name, or "".
  std::string_view Header(std::string_view name) const;
  // A decoded query parameter, or "".
  std::string Parameter(std::string_view name) const;
  // A cookie, or "".
  std::string_view Cookie(std::string_view name) const;
};

// A client's connection that is no HTTP any more.
struct TakenConnection {
  int fd = -1;           // Connected, non-blocking; the receiver closes it.
  std::string received;  // What has come behind the request already.
  std::string peer;      // As in the request.
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>>
      headers;  // A server refuses (500) names and values with line breaks. Of a client: lower-case names.
  std::string body;
  // Of a server, with status 101 and with nothing else: gets the connection once the answer is written, on an I/O
  // thread. It is not called when the client has gone by then.
  std::function<void(TakenConnection)> take_over;
};

}  // namespace trivium::http
