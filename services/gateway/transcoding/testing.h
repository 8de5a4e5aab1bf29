// Schemas and messages for tests, made of the protos that are linked in.
#pragma once

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "services/gateway/transcoding/api_schema.h"

namespace trivium::gateway {

// The files and all that they import, imports first.
google::protobuf::FileDescriptorSet DescriptorSetOf(const std::vector<const google::protobuf::FileDescriptor*>& files);
// Their schema; ends the test when there is none.
std::shared_ptr<const ApiSchema> SchemaOf(const std::vector<const google::protobuf::FileDescriptor*>& files);

// Fills a message with what JSON can say: any field, but a Timestamp and the like in its range, an Any of an Inner of
// transcoding_test.proto.
void FillAtRandom(google::protobuf::Message* message, std::mt19937_64& random, int depth = 0);

}  // namespace trivium::gateway
