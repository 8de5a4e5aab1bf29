#include "services/ops/hash_password.h"

#include <iostream>
#include <string>

#include "services/ops/password.h"

namespace trivium::ops {

int HashPasswordCommand() {
  std::string password;
  std::getline(std::cin, password);
  if (!password.empty() && password.back() == '\r') password.pop_back();
  if (password.empty() || password.size() > kMaxPasswordBytes) {
    std::cerr << "ops: password: " << password.size() << " bytes, want 1-256 on standard input\n";
    return 2;
  }
  const auto hash = HashPassword(password);
  if (!hash.ok()) {
    std::cerr << "ops: " << hash.status().message() << "\n";
    return 1;
  }
  std::cout << *hash << "\n";
  return 0;
}

}  // namespace trivium::ops
