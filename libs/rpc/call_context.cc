#include "libs/rpc/call_context.h"

namespace trivium::rpc {

std::string Caller::ToString() const {
  switch (kind) {
    case Kind::kProduct:
      return "product:" + name;
    case Kind::kService:
      return "service:" + name;
    case Kind::kOperator:
      return "operator:" + name;
    case Kind::kNone:
      break;
  }
  return "none";
}

}  // namespace trivium::rpc
