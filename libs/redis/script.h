// Lua scripts by their SHA1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trivium::redis {

struct Command;

// A script as a constant. It is sent as EVALSHA; a server that does not know it yet gets its text (EVAL) at once.
//
//   const Script& AppendScript() {
//     static const Script* const script = new Script("return redis.call('XADD', KEYS[1], '*', 'v', ARGV[1])");
//     return *script;
//   }
class Script {
 public:
  explicit Script(std::string text);
  Script(const Script&) = delete;  // Commands point to it.
  Script& operator=(const Script&) = delete;

  const std::string& text() const { return text_; }
  // 40 lower-case hex digits, as the server computes them.
  const std::string& sha1() const { return sha1_; }

  // A call of it; this must outlive the command. keys: all in one slot in a cluster; the first one routes.
  Command Call(std::vector<std::string> keys, std::vector<std::string> arguments = {}) const;

 private:
  const std::string text_, sha1_;
};

}  // namespace trivium::redis
