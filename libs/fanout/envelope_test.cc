#include "libs/fanout/envelope.h"

#include <gtest/gtest.h>

#include "libs/status/error.h"

namespace trivium::fanout {
namespace {

const Envelope kAppended{.kind = Kind::kAppended, .offset = 258, .sequence = 3, .epoch = "e1", .payload = "hello"};

TEST(EnvelopeTest, ComesBackAsItWas) {
  const std::string epoch(kMaxEpochBytes, 'e'), payload(kMaxPayloadBytes, '\0');
  for (const Envelope& envelope :
       {kAppended, Envelope{.kind = Kind::kTransient}, Envelope{.kind = Kind::kTransient, .payload = payload},
        Envelope{
            .kind = Kind::kRestored, .offset = kMaxOffset, .sequence = kMaxOffset, .epoch = epoch, .payload = payload},
        Envelope{.kind = Kind::kAppended, .offset = 1, .epoch = "e"}}) {
    const auto bytes = EncodeEnvelope(envelope);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const auto decoded = DecodeEnvelope(*bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, envelope);
  }
}

// Other releases read it, and the append script writes it.
TEST(EnvelopeTest, FormStaysAsItIs) {
  const std::string wanted(
      "\x01\x01\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\x03\x02"
      "e1hello",
      26);
  EXPECT_EQ(EncodeEnvelope(kAppended).value(), wanted);
}

TEST(EnvelopeTest, EncodesNothingThatWouldNotBeDecoded) {
  const std::string long_epoch(kMaxEpochBytes + 1, 'e'), long_payload(kMaxPayloadBytes + 1, 'p');
  const struct {
    Envelope envelope;
    const char* field;
  } kCases[] = {
      {{.kind = Kind::kTransient, .offset = 1}, "kind"},
      {{.kind = Kind::kTransient, .sequence = 1}, "kind"},
      {{.kind = Kind::kTransient, .epoch = "e"}, "kind"},
      {{.kind = Kind{0}, .offset = 1, .epoch = "e"}, "kind"},
      {{.kind = Kind{4}, .offset = 1, .epoch = "e"}, "kind"},
      {{.kind = Kind::kAppended, .offset = 0, .epoch = "e"}, "offset"},
      {{.kind = Kind::kAppended, .offset = -1, .epoch = "e"}, "offset"},
      {{.kind = Kind::kAppended, .offset = kMaxOffset + 1, .epoch = "e"}, "offset"},
      {{.kind = Kind::kRestored, .offset = 1, .sequence = -1, .epoch = "e"}, "sequence"},
      {{.kind = Kind::kRestored, .offset = 1, .sequence = kMaxOffset + 1, .epoch = "e"}, "sequence"},
      {{.kind = Kind::kAppended, .offset = 1, .epoch = ""}, "epoch"},
      {{.kind = Kind::kAppended, .offset = 1, .epoch = long_epoch}, "epoch"},
      {{.kind = Kind::kTransient, .payload = long_payload}, "payload"},
  };
  for (const auto& [envelope, field] : kCases) {
    const absl::Status status = EncodeEnvelope(envelope).status();
    EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
    EXPECT_TRUE(std::string(status.message()).starts_with(std::string(field) + ": ")) << status;
  }
}

TEST(EnvelopeTest, RefusesEveryTruncationOfTheHead) {
  const std::string bytes = EncodeEnvelope(kAppended).value();
  const size_t head = bytes.size() - kAppended.payload.size();
  for (size_t size = 0; size < head; ++size) {
    EXPECT_EQ(DecodeEnvelope(bytes.substr(0, size)).status().code(), absl::StatusCode::kDataLoss) << size;
  }
  for (size_t size = head; size <= bytes.size(); ++size)
    EXPECT_TRUE(DecodeEnvelope(bytes.substr(0, size)).ok()) << size;
}

TEST(EnvelopeTest, RefusesWhatItWouldNotHaveEncoded) {
  const struct {
    size_t at;
    char byte;
    const char* message;
  } kCases[] = {
      {0, 0, "envelope.version: 0"},       {0, 2, "envelope.version: 2"},     {1, 0, "envelope.kind: 0"},
      {1, 4, "envelope.kind: 4"},          {1, '\xff', "envelope.kind: 255"}, {1, 2, "envelope.kind: transient"},
      {2, '\x80', "envelope.offset: -"},   {3, '\x40', "envelope.offset: "},  {10, '\xff', "envelope.sequence: -"},
      {11, '\x21', "envelope.sequence: "}, {18, 0, "envelope.epoch: 0"},      {18, '\xff', "envelope.epoch: longer"},
  };
  for (const auto& [at, byte, message] : kCases) {
    std::string bytes = EncodeEnvelope(kAppended).value();
    bytes[at] = byte;
    const absl::Status status = DecodeEnvelope(bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_NE(std::string(status.message()).find(message), std::string::npos) << status << ", want " << message;
  }
  const std::string head = EncodeEnvelope({.kind = Kind::kTransient}).value();
  EXPECT_FALSE(DecodeEnvelope(head + std::string(kMaxPayloadBytes + 1, 'p')).ok());
}

}  // namespace
}  // namespace trivium::fanout
