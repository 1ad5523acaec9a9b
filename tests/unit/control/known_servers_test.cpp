#include "actors/trust/known_servers.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fleetcast::actors::io {
namespace known_servers_test {
namespace {

using protocol::failure_code;
using verdict = known_servers::verdict;

const std::string fingerprint_a = "SHA256:" + std::string(43, 'a');
const std::string fingerprint_b = "SHA256:" + std::string(43, 'b');
const std::string server = "lab.example:5040";

class KnownServers : public ::testing::Test {
protected:
  void write(const std::string& text) {
    std::filesystem::create_directories(file_.parent_path());
    std::ofstream{file_, std::ios::trunc} << text;
  }

  std::string contents() const {
    std::ifstream in{file_};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  testing::temporary_directory directory_;
  std::filesystem::path root_ = directory_.path();
  std::filesystem::path file_ = root_ / "config" / "fleetcast" / "known_servers";
};

TEST_F(KnownServers, PinsANewServerAndKnowsItAfterwards) {
  const known_servers known{file_};
  EXPECT_EQ(known.check_or_pin(server, fingerprint_a), verdict::pinned);
  EXPECT_EQ(known.check_or_pin(server, fingerprint_a), verdict::known);
  EXPECT_EQ(contents(), server + " " + fingerprint_a + "\n");
}

TEST_F(KnownServers, KeepsItsDirectoryAndFileToTheUser) {
  ASSERT_TRUE(known_servers{file_}.check_or_pin(server, fingerprint_a));
  struct stat info {};
  ASSERT_EQ(::stat(file_.parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(KnownServers, RefusesAChangedIdentityLoudly) {
  write("# mine\n" + server + " " + fingerprint_a + "\n");
  const auto before = contents();
  const auto refused = known_servers{file_}.check_or_pin(server, fingerprint_b);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::identity_changed);
  for (const auto& part : {server, fingerprint_a, fingerprint_b, file_.string(),
                           std::string{"line 2"}, std::string{"fleetcast serve"},
                           std::string{"`fleetcast fleet get … --fingerprint SHA256:…`"}})
    EXPECT_NE(refused.error().text.find(part), std::string::npos)
      << part << " is missing in: " << refused.error().text;
  EXPECT_EQ(contents(), before);
}

TEST_F(KnownServers, ReplacesAPinByAFingerprintThatWasGiven) {
  const auto others = "other:5040 " + fingerprint_a + "\n";
  write("# mine\n" + server + " " + fingerprint_a + " # until May\n" + others
        + "\tLab.Example:5040  " + fingerprint_a);
  const known_servers known{file_};
  EXPECT_EQ(known.pin_given(server, fingerprint_b), verdict::replaced);
  EXPECT_EQ(contents(), "# mine\n" + server + " " + fingerprint_b + " # until May\n" + others
                          + "\tLab.Example:5040  " + fingerprint_b);
  EXPECT_EQ(known.check_or_pin(server, fingerprint_b), verdict::known);
  EXPECT_FALSE(known.check_or_pin(server, fingerprint_a));
}

TEST_F(KnownServers, PinsANewServerByAFingerprintThatWasGiven) {
  const known_servers known{file_};
  EXPECT_EQ(known.pin_given(server, fingerprint_a), verdict::pinned);
  EXPECT_EQ(known.pin_given(server, fingerprint_a), verdict::known);
  EXPECT_EQ(contents(), server + " " + fingerprint_a + "\n");
}

TEST_F(KnownServers, LeavesOtherPinsIfOneIsTheGivenFingerprint) {
  write(server + " " + fingerprint_a + "\n" + server + " " + fingerprint_b + "\n");
  const auto before = contents();
  EXPECT_EQ(known_servers{file_}.pin_given(server, fingerprint_b), verdict::known);
  EXPECT_EQ(contents(), before);
}

TEST_F(KnownServers, ReplacesNothingInAFileThatItDoesNotUnderstand) {
  write(server + " " + fingerprint_a + "\nnonsense\n");
  const auto before = contents();
  const auto refused = known_servers{file_}.pin_given(server, fingerprint_b);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::trust_store_fault);
  EXPECT_EQ(contents(), before);
}

TEST_F(KnownServers, TellsServersApartByPort) {
  const known_servers known{file_};
  EXPECT_EQ(known.check_or_pin("lab:5040", fingerprint_a), verdict::pinned);
  EXPECT_EQ(known.check_or_pin("lab:5041", fingerprint_b), verdict::pinned);
  EXPECT_EQ(known.check_or_pin("lab:5040", fingerprint_a), verdict::known);
}

TEST_F(KnownServers, TakesAnyOfSeveralPinsOfAServer) {
  write(server + " " + fingerprint_a + "\n" + server + " " + fingerprint_b + "\n");
  EXPECT_EQ(known_servers{file_}.check_or_pin(server, fingerprint_a), verdict::known);
  EXPECT_EQ(known_servers{file_}.check_or_pin(server, fingerprint_b), verdict::known);
}

TEST_F(KnownServers, ReadsCommentsBlanksAndCapitalsAsPeopleWriteThem) {
  write("\n  # the lab\n\t" + std::string{"Lab.Example:5040"} + "\t " + fingerprint_a
        + "  # until May\r\n");
  EXPECT_EQ(known_servers{file_}.check_or_pin(server, fingerprint_a), verdict::known);
}

TEST_F(KnownServers, NeverPassesOverALineItDoesNotUnderstand) {
  const std::vector<std::string> bad
    = {"lab.example " + fingerprint_a,       "lab.example:0 " + fingerprint_a,
       "lab.example:65536 " + fingerprint_a, "lab.example:5040",
       "lab.example:5040 SHA256:short",      ":5040 " + fingerprint_a,
       "::1:5040 " + fingerprint_a,          "lab.example:5040 " + fingerprint_a + " more",
       "lab.example:50x0 " + fingerprint_a,  std::string{"\x1b[2J\0x", 6}};
  for (const auto& line : bad) {
    write(server + " " + fingerprint_a + "\n\n" + line + "\n");
    const auto before = contents();
    const auto refused = known_servers{file_}.check_or_pin(server, fingerprint_a);
    ASSERT_FALSE(refused) << line;
    EXPECT_EQ(refused.error().code, failure_code::trust_store_fault);
    EXPECT_NE(refused.error().text.find(file_.string() + ", line 3"), std::string::npos)
      << refused.error().text;
    EXPECT_EQ(refused.error().text.find('\x1b'), std::string::npos);
    EXPECT_EQ(contents(), before);
  }
}

TEST_F(KnownServers, DoesNotAppendToAnUnfinishedLine) {
  write("other:1 " + fingerprint_b);
  ASSERT_TRUE(known_servers{file_}.check_or_pin(server, fingerprint_a));
  EXPECT_EQ(contents(), "other:1 " + fingerprint_b + "\n" + server + " " + fingerprint_a + "\n");
}

TEST_F(KnownServers, WaitsForAnotherProcessThatHoldsTheLock) {
  write("");
  const int other = ::open(file_.c_str(), O_WRONLY | O_APPEND);
  ASSERT_GE(other, 0);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  auto pin = std::async(std::launch::async, [this] {
    return known_servers{file_}.check_or_pin(server, fingerprint_a);
  });
  // Without the lock the pin would be there at once; with it, however long this waits.
  EXPECT_EQ(pin.wait_for(std::chrono::milliseconds{100}), std::future_status::timeout);
  const auto line = server + " " + fingerprint_a + "\n";
  ASSERT_EQ(::write(other, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  ::close(other);
  EXPECT_EQ(pin.get(), verdict::known);
  EXPECT_EQ(contents(), line);
}

TEST_F(KnownServers, WaitsForNobodyAtAPipe) {
  write("");
  std::filesystem::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  const auto refused = known_servers{file_}.check_or_pin(server, fingerprint_a);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("pipe"), std::string::npos);
}

TEST_F(KnownServers, EndsWithOneLineWhenThreadsPinAtOnce) {
  std::vector<std::future<bool>> pins;
  for (int i = 0; i < 16; ++i)
    pins.push_back(std::async(std::launch::async, [this] {
      return known_servers{file_}.check_or_pin(server, fingerprint_a).has_value();
    }));
  for (auto& pin : pins)
    EXPECT_TRUE(pin.get());
  EXPECT_EQ(contents(), server + " " + fingerprint_a + "\n");
}

TEST_F(KnownServers, KeepsItsLinesWhenThreadsReplaceAtOnce) {
  write(server + " " + fingerprint_a + "\n");
  std::vector<std::future<bool>> pins;
  for (int i = 0; i < 16; ++i)
    pins.push_back(std::async(std::launch::async, [this] {
      return known_servers{file_}.pin_given(server, fingerprint_b).has_value();
    }));
  for (auto& pin : pins)
    EXPECT_TRUE(pin.get());
  EXPECT_EQ(contents(), server + " " + fingerprint_b + "\n");
}

TEST_F(KnownServers, EndsWithOneLineWhenProcessesPinAtOnce) {
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0)
      ::_exit(known_servers{file_}.check_or_pin(server, fingerprint_a) ? 0 : 1);
    children.push_back(child);
  }
  for (const auto child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(contents(), server + " " + fingerprint_a + "\n");
}

TEST_F(KnownServers, SaysWhyItCannotPin) {
  std::filesystem::create_directories(root_);
  std::ofstream{root_ / "config"} << "not a directory";
  const auto refused = known_servers{file_}.check_or_pin(server, fingerprint_a);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::trust_store_fault);
  EXPECT_NE(refused.error().text.find("Not a directory"), std::string::npos)
    << refused.error().text;
}

TEST(HostAndPort, PutsIpv6AddressesInBrackets) {
  EXPECT_EQ(host_and_port("::1", 5040), "[::1]:5040");
  EXPECT_EQ(host_and_port("[::1]", 5040), "[::1]:5040");
  EXPECT_EQ(host_and_port("192.0.2.1", 1), "192.0.2.1:1");
  EXPECT_EQ(host_and_port("Lab", 5040), "lab:5040");
}

TEST_F(KnownServers, RefusesAFileThatOthersCanWrite) {
  write(server + " " + fingerprint_a + "\n");
  for (const mode_t mode : {0666U, 0620U, 0602U}) {
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
    for (const auto& asked : {server, std::string{"new.example:5040"}}) {
      const auto refused = known_servers{file_}.check_or_pin(asked, fingerprint_a);
      ASSERT_FALSE(refused) << std::oct << mode;
      EXPECT_EQ(refused.error().code, failure_code::trust_store_fault);
      EXPECT_NE(refused.error().text.find("chmod go-w"), std::string::npos) << refused.error().text;
    }
    EXPECT_FALSE(known_servers{file_}.pinned(server)) << std::oct << mode;
  }
  EXPECT_EQ(contents(), server + " " + fingerprint_a + "\n") << "nothing was written to it";
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  EXPECT_EQ(known_servers{file_}.check_or_pin(server, fingerprint_a), verdict::known);
}

TEST_F(KnownServers, RefusesAFileOfAnotherUser) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "takes root";
  write(server + " " + fingerprint_a + "\n");
  ASSERT_EQ(::chown(file_.c_str(), 12345, 0), 0);
  const auto refused = known_servers{file_}.check_or_pin(server, fingerprint_a);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("belongs to user 12345"), std::string::npos);
}

TEST_F(KnownServers, RefusesADirectoryFromWhichOthersCanRemoveIt) {
  write(server + " " + fingerprint_a + "\n");
  ASSERT_EQ(::chmod(file_.parent_path().c_str(), 0777), 0);
  EXPECT_FALSE(known_servers{file_}.check_or_pin(server, fingerprint_a));
  ASSERT_EQ(::chmod(file_.parent_path().c_str(), 01777), 0);
  EXPECT_TRUE(known_servers{file_}.check_or_pin(server, fingerprint_a));
}

} // namespace
} // namespace known_servers_test
} // namespace fleetcast::actors::io
