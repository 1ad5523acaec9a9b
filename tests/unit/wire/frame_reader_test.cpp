#include "protocol/wire/control_codec.hpp"
#include "protocol/wire/frame_reader.hpp"
#include "tests/unit/wire/sample_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace fleetcast::protocol::wire {
namespace frame_reader_test {
namespace {

using testing::HasSubstr;

message_bytes frame(std::uint32_t length, std::size_t body) {
  message_bytes bytes;
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<std::byte>(length >> shift));
  bytes.resize(bytes.size() + body, std::byte{0x5a});
  return bytes;
}

TEST(FrameReader, GivesNothingUntilAMessageIsWhole) {
  const auto framed = encode(client_message{samples::request()});
  frame_reader reader;
  for (std::size_t i = 0; i < framed.size(); ++i) {
    const auto none = reader.next();
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none) << "after " << i << " bytes";
    reader.append(std::span{framed}.subspan(i, 1));
  }
  const auto body = reader.next();
  ASSERT_TRUE(body && *body);
  EXPECT_TRUE(std::ranges::equal(**body, std::span{framed}.subspan(frame_prefix_size)));
  EXPECT_EQ(reader.buffered(), 0U);
}

TEST(FrameReader, CutsAStreamAnywhereItIsSplit) {
  constexpr unsigned seed = 99;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  message_bytes stream;
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 200; ++i) {
    sizes.push_back(1 + random() % 3000);
    const auto bytes = frame(static_cast<std::uint32_t>(sizes.back()), sizes.back());
    stream.insert(stream.end(), bytes.begin(), bytes.end());
  }
  frame_reader reader;
  std::vector<std::size_t> seen;
  for (std::size_t at = 0; at < stream.size();) {
    const auto step = std::min<std::size_t>(stream.size() - at, 1 + random() % 5000);
    reader.append(std::span{stream}.subspan(at, step));
    at += step;
    for (;;) {
      const auto body = reader.next();
      ASSERT_TRUE(body);
      if (!*body)
        break;
      seen.push_back((*body)->size());
    }
  }
  EXPECT_EQ(seen, sizes);
  EXPECT_EQ(reader.buffered(), 0U);
}

TEST(FrameReader, TakesTheLongestMessageAndNoLonger) {
  frame_reader longest;
  longest.append(frame(max_control_message, max_control_message));
  const auto body = longest.next();
  ASSERT_TRUE(body && *body);
  EXPECT_EQ((*body)->size(), max_control_message);
  frame_reader longer;
  longer.append(frame(max_control_message + 1, 0));
  EXPECT_FALSE(longer.next());
}

TEST(FrameReader, FailsAtOnceOnABadLengthAndStaysFailed) {
  for (const std::uint32_t length : {0U, 65537U, 0x80000000U, 0xffffffffU}) {
    frame_reader reader;
    reader.append(frame(length, 0));
    const auto failed = reader.next();
    ASSERT_FALSE(failed) << length;
    EXPECT_EQ(failed.error().code, failure_code::invalid_request);
    EXPECT_THAT(failed.error().text, HasSubstr("its length is " + std::to_string(length)));
    reader.append(frame(8, 8));
    EXPECT_EQ(reader.next(), tl::unexpected{failed.error()});
  }
}

TEST(FrameReader, HoldsNoMoreThanItsBound) {
  frame_reader reader;
  reader.append(message_bytes(frame_reader::max_buffered, std::byte{1}));
  EXPECT_EQ(reader.buffered(), frame_reader::max_buffered);
  reader.append(message_bytes(1));
  EXPECT_EQ(reader.buffered(), frame_reader::max_buffered);
  const auto failed = reader.next();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text, HasSubstr("bytes wait to be read"));
}

} // namespace
} // namespace frame_reader_test
} // namespace fleetcast::protocol::wire
