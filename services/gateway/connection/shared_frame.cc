#include "services/gateway/connection/shared_frame.h"

#include <cstring>
#include <new>

namespace trivium::gateway {

SharedFrame SharedFrame::Make(Opcode opcode, std::string_view payload, uint64_t tag) {
  char header[kMaxServerHeader];
  const size_t header_size = EncodeHeader(opcode, payload.size(), header);
  const size_t size = header_size + payload.size();
  void* memory = ::operator new(sizeof(Block) + size);
  auto* block = new (memory) Block{.size = size, .tag = tag};
  char* bytes = reinterpret_cast<char*>(block + 1);
  std::memcpy(bytes, header, header_size);
  if (!payload.empty()) std::memcpy(bytes + header_size, payload.data(), payload.size());
  return SharedFrame(block);
}

SharedFrame SharedFrame::Close(uint16_t code, std::string_view reason) {
  return Make(Opcode::kClose, ClosePayload(code, reason));
}

void SharedFrame::Drop(Block* block, uint64_t n) {
  if (block == nullptr || block->references.fetch_sub(n, std::memory_order_acq_rel) != n) return;
  block->~Block();
  ::operator delete(block);
}

}  // namespace trivium::gateway
