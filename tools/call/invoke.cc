#include "tools/call/invoke.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "libs/telemetry/trace.h"
#include "tools/call/methods.h"

namespace trivium::call {
namespace {

using ::google::protobuf::Message;
using ::google::protobuf::MethodDescriptor;

// Where a service's gRPC port lies from the clone's port base.
const std::map<std::string, int> kPortOffsets = {
    {"control", 0}, {"payment", 10}, {"ops", 20}, {"push", 80}, {"live", 95}};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const Flags& flags) {
  const std::string pki = absl::StrCat(flags.home, "/pki/");
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ReadFile(pki + "ca.crt");
  if (options.pem_root_certs.empty()) return absl::NotFoundError(absl::StrCat(pki, "ca.crt: not there; run: ./trv up"));
  if (flags.certificate != "none") {
    options.pem_cert_chain = ReadFile(absl::StrCat(pki, flags.certificate, ".crt"));
    options.pem_private_key = ReadFile(absl::StrCat(pki, flags.certificate, ".key"));
    if (options.pem_cert_chain.empty() || options.pem_private_key.empty()) {
      return absl::NotFoundError(absl::StrCat(
          pki, flags.certificate, ".crt: no such certificate; products get theirs by: ./trv product add NAME"));
    }
  }
  return grpc::SslCredentials(options);
}

void AddMetadata(const Flags& flags, const TraceContext& trace, grpc::ClientContext* context) {
  for (const auto& [name, value] : flags.metadata) context->AddMetadata(name, value);
  context->AddMetadata(std::string(kTraceparent), trace.ToHeader());
}

// Zero of flags.timeout: unary calls get 10 s, streams go on until one side ends them.
void SetDeadline(const Flags& flags, const MethodDescriptor& method, grpc::ClientContext* context) {
  absl::Duration timeout = flags.timeout;
  if (timeout == absl::ZeroDuration() && !method.server_streaming()) timeout = absl::Seconds(10);
  if (timeout > absl::ZeroDuration()) context->set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

grpc::ByteBuffer Serialize(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

bool Parse(const grpc::ByteBuffer& buffer, Message* message) {
  grpc::Slice slice;
  return buffer.DumpToSingleSlice(&slice).ok() &&
         message->ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
}

// One call over a completion queue, one operation at a time.
class Call {
 public:
  Call(const std::shared_ptr<grpc::Channel>& channel, const MethodDescriptor& method, grpc::ClientContext* context)
      : stub_(channel),
        call_(stub_.PrepareCall(context, absl::StrCat("/", method.service()->full_name(), "/", method.name()),
                                &queue_)) {}

  bool Start() {
    return Run([this] { call_->StartCall(this); });
  }
  bool Send(const grpc::ByteBuffer& request) {
    return Run([&] { call_->WriteLast(request, grpc::WriteOptions(), this); });
  }
  bool Read(grpc::ByteBuffer* answer) {
    return Run([&] { call_->Read(answer, this); });
  }
  grpc::Status Finish() {
    grpc::Status status;
    Run([&] { call_->Finish(&status, this); });
    return status;
  }

 private:
  // Starts an operation and waits for its end; whether it worked.
  bool Run(const std::function<void()>& operation) {
    operation();
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const Flags& flags, const MethodDescriptor& method) {
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials = Credentials(flags);
  if (!credentials.ok()) return credentials.status();
  const std::string service = ShortService(method);
  grpc::ChannelArguments arguments;
  if (flags.address.empty() && !flags.product.empty() && service != "control") {
    const std::string bootstrap = absl::StrCat(flags.home, "/products/", flags.product, "/bootstrap.json");
    if (access(bootstrap.c_str(), R_OK) == 0) {
      setenv("GRPC_XDS_BOOTSTRAP", bootstrap.c_str(), 1);
      return grpc::CreateCustomChannel(absl::StrCat("xds:///", flags.product, ".", service, ".trivium"), *credentials,
                                       arguments);
    }
  }
  const auto offset = kPortOffsets.find(service);
  const int port = flags.port_base + (offset == kPortOffsets.end() ? 0 : offset->second);
  arguments.SetSslTargetNameOverride(absl::StrCat(service, ".trivium"));
  return grpc::CreateCustomChannel(flags.address.empty() ? absl::StrCat("127.0.0.1:", port) : flags.address,
                                   *credentials, arguments);
}

grpc::Status Invoke(const std::shared_ptr<grpc::Channel>& channel, const MethodDescriptor& method,
                    const Message& request, const Flags& flags, std::string* trace_id,
                    const std::function<bool(const Message&)>& on_answer) {
  const TraceContext trace = TraceContext::NewRoot();
  *trace_id = trace.trace_id;
  grpc::ClientContext context;
  AddMetadata(flags, trace, &context);
  SetDeadline(flags, method, &context);
  const std::unique_ptr<Message> answer(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.output_type())->New());
  Call call(channel, method, &context);
  grpc::ByteBuffer bytes;
  if (!call.Start() || !call.Send(Serialize(request))) return call.Finish();
  while (call.Read(&bytes)) {
    const bool parsed = Parse(bytes, answer.get());
    if (parsed && on_answer(*answer)) continue;
    context.TryCancel();
    call.Finish();
    if (parsed) return grpc::Status::OK;  // Enough answers: cutting the rest off is no error.
    return grpc::Status(grpc::StatusCode::INTERNAL,
                        absl::StrCat("the answer is no ", method.output_type()->full_name()));
  }
  return call.Finish();
}

}  // namespace trivium::call
