// Tells merchants what happened: takes due callbacks from the sandbox, signs and posts them.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "libs/http/client.h"
#include "services/payment/psp/sandbox/server/sandbox.h"

namespace trivium::payment::sandbox {

class CallbackSender {
 public:
  // sandbox: not owned; outlives this. secret: of a merchant, "" for one that is gone. threads: callbacks under way at
  // the same time.
  CallbackSender(Sandbox& sandbox, std::function<std::string(std::string_view)> secret, int threads = 16);
  // Waits for those under way, at most 5 s.
  ~CallbackSender();

 private:
  void Run();
  bool Send(const Callback& callback);

  Sandbox& sandbox_;
  const std::function<std::string(std::string_view)> secret_;
  http::Client client_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

// The headers that sign an answer or a callback.
std::vector<std::pair<std::string, std::string>> SignatureHeaders(std::string_view secret, absl::Time now,
                                                                  std::string_view nonce, std::string_view body);

}  // namespace trivium::payment::sandbox
