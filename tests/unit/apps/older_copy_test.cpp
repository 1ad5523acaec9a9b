/// What a staged file takes from an older copy.
#include "apps/common/staged_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

namespace fleetcast::apps {
namespace older_copy_test {
namespace {

class OlderCopy : public testing::Test {
protected:
  static constexpr std::uint32_t block = 4096;

  static std::string blocks(const std::string& letters) {
    std::string result;
    for (const auto letter : letters)
      result += std::string(block, letter == '0' ? '\0' : letter);
    return result;
  }

  /// A block by its letter.
  static std::string letters_of(const std::string& text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); at += block)
      result += text.substr(at, block) == std::string(block, text[at])
                  ? (text[at] == '\0' ? '0' : text[at])
                  : '?';
    return result;
  }

  std::string target() const { return (directory_.path() / "image").string(); }

  std::string copy() const {
    std::ifstream stream{target()};
    return letters_of({std::istreambuf_iterator<char>{stream}, {}});
  }

  void put(const std::string& letters) const { std::ofstream{target()} << blocks(letters); }

  staged_file open() const {
    std::vector<std::string> remarks;
    auto file = staged_file::create_kept(target(), {"server", "lab", "image"}, false, remarks);
    if (!file)
      throw std::runtime_error{file.error().text};
    return *std::move(file);
  }

  /// Of three blocks, with what `put` put there.
  staged_file open_reusing() const {
    auto file = open();
    EXPECT_GT(file.reuse_replaced(), 0U);
    EXPECT_TRUE(file.size(3 * block));
    file.keep_blocks(block);
    return file;
  }

  static std::optional<std::string> read_held(staged_file& file, std::uint64_t number) {
    std::string text(block, '?');
    const auto read = file.read_held(number * block, std::as_writable_bytes(std::span{text}));
    return read ? std::optional{letters_of(text)} : std::nullopt;
  }

  static void write(staged_file& file, std::uint64_t number, const std::string& letter) {
    const auto text = blocks(letter);
    EXPECT_TRUE(file.write(number * block, std::as_bytes(std::span{text})));
  }

  static void publish(staged_file& file) {
    EXPECT_TRUE(file.sync());
    EXPECT_TRUE(file.publish());
  }

  actors::testing::temporary_directory directory_;
};

TEST_F(OlderCopy, GivesWhatHasNotChanged) {
  put("abc");
  auto file = open_reusing();
  EXPECT_EQ(file.held(), (std::vector<byte_span>{{0, 3 * block}}));
  for (const auto number : {0U, 2U}) {
    EXPECT_TRUE(read_held(file, number));
    file.proven(number * block, block);
  }
  EXPECT_EQ(read_held(file, 1), "b");
  write(file, 1, "B");
  EXPECT_EQ(copy(), "abc") << "it stays as it is meanwhile";
  publish(file);
  EXPECT_EQ(copy(), "aBc");
}

TEST_F(OlderCopy, IsWrittenAsItWasReadWhateverBecomesOfItThen) {
  put("abc");
  auto file = open_reusing();
  for (const auto number : {0U, 1U, 2U})
    EXPECT_TRUE(read_held(file, number));
  put("xyz");
  publish(file);
  EXPECT_EQ(copy(), "abc");
}

TEST_F(OlderCopy, DoesNotShineThroughZeros) {
  put("abc");
  auto file = open_reusing();
  for (const auto number : {0U, 1U, 2U})
    EXPECT_TRUE(read_held(file, number));
  write(file, 1, "0");
  publish(file);
  EXPECT_EQ(copy(), "a0c");
}

TEST_F(OlderCopy, GivesZeros) {
  put("a0c");
  auto file = open_reusing();
  write(file, 1, "x"); // as if it had been something else before
  EXPECT_EQ(read_held(file, 1), "0");
  publish(file);
  EXPECT_EQ(copy(), std::string("00") + "0") << "only what was read is taken over";
}

TEST_F(OlderCopy, GivesNothingBehindItsEnd) {
  put("a");
  auto file = open_reusing();
  EXPECT_EQ(read_held(file, 0), "a");
  EXPECT_EQ(read_held(file, 1), std::nullopt);
}

TEST_F(OlderCopy, GivesWayToWhatAnEarlierTransferLeft) {
  {
    auto file = open();
    ASSERT_TRUE(file.size(3 * block));
    file.keep_blocks(block);
    write(file, 1, "k");
  }
  put("abc");
  auto file = open_reusing();
  EXPECT_EQ(read_held(file, 0), "a");
  EXPECT_EQ(read_held(file, 1), "k");
}

TEST_F(OlderCopy, IsKeptForTheNextTransferOnceItIsProven) {
  put("abc");
  {
    auto file = open_reusing();
    for (const auto number : {0U, 1U, 2U})
      EXPECT_TRUE(read_held(file, number));
    file.proven(1 * block, block);
  }
  EXPECT_EQ(open().held(), (std::vector<byte_span>{{block, block}}));
}

TEST_F(OlderCopy, IsARegularFileWithContents) {
  ::mkfifo((directory_.path() / "pipe").c_str(), 0600);
  auto file = open();
  EXPECT_EQ(file.reuse_replaced(), 0U);
  EXPECT_EQ(file.reuse(descriptor{
              ::open((directory_.path() / "pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)}),
            0U);
  EXPECT_EQ(file.reuse(descriptor{::open(directory_.path().c_str(), O_RDONLY | O_CLOEXEC)}), 0U);
  EXPECT_EQ(file.reuse(descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)}), 0U);
  EXPECT_TRUE(file.held().empty());
}

} // namespace
} // namespace older_copy_test
} // namespace fleetcast::apps
