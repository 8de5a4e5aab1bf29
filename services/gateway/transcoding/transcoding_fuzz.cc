// Any bytes as JSON, as a message and as descriptors: none may crash, hang or read outside; what is taken as JSON is a
// message that parses, and the route key is what the parser sees.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/gateway/transcoding/json_transcoder.h"
#include "services/gateway/transcoding/route_key.h"
#include "services/gateway/transcoding/testing.h"
#include "services/gateway/transcoding/transcoding_test.pb.h"

namespace trivium::gateway {
namespace {

using testing::Everything;

void Require(bool holds) {
  if (!holds) std::abort();
}

const ApiSchema& Schema() {
  static const auto* schema = new std::shared_ptr<const ApiSchema>(SchemaOf({Everything::descriptor()->file()}));
  return **schema;
}
const google::protobuf::Descriptor& Type() { return *Schema().FindMessage(Everything::descriptor()->full_name()); }

void FuzzJson(std::string_view text) {
  const auto wire = JsonToProtobuf(Schema(), Type(), text);
  if (!wire.ok()) return;
  Everything message;
  Require(message.ParseFromString(*wire));
  (void)ProtobufToJson(Schema(), Type(), *wire);
}

void FuzzAnswer(std::string_view bytes) {
  const auto json = ProtobufToJson(Schema(), Type(), bytes);
  if (json.ok()) (void)JsonToProtobuf(Schema(), Type(), *json);
}

void FuzzRouteKey(std::string_view bytes) {
  static const auto* field =
      new RouteField(RouteField::Resolve(*Everything::descriptor(), "inner.inner.room_id").value());
  const auto key = field->KeyOf(bytes);
  Everything message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  // The scanner refuses tags above 32 bits, which this parser cuts off; it never reads another key.
  const auto want = EncodeRouteKey(message.inner().inner().room_id());
  Require(!key.ok() || (want.ok() && *key == *want));
}

void FuzzDescriptors(std::string_view bytes) { (void)ApiSchema::Parse(bytes, "fuzz"); }

}  // namespace
}  // namespace trivium::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr void (*kTargets[])(std::string_view) = {trivium::gateway::FuzzJson, trivium::gateway::FuzzAnswer,
                                                    trivium::gateway::FuzzRouteKey, trivium::gateway::FuzzDescriptors};
  kTargets[data[0] % 4](text);
  return 0;
}
