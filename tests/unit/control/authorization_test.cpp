/// Which clients a server serves: the file, and the lists for namespaces.
#include "actors/serve/authorization.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/proves.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace fleetcast::actors {
namespace authorization_test {
namespace {

using io::authorized_clients;
using io::parse_authorized_clients;
using protocol::failure_code;
using ::testing::HasSubstr;

const std::string client_a = "SHA256:" + std::string(43, 'a');
const std::string client_b = "SHA256:" + std::string(43, 'b');

class Authorization : public ::testing::Test {
protected:
  std::string write(const std::string& name, const std::string& text) {
    const auto file = directory_.path() / name;
    std::ofstream{file, std::ios::trunc} << text;
    EXPECT_EQ(::chmod(file.c_str(), 0644), 0);
    return file.string();
  }

  static authorization make(const std::vector<std::string>& texts) {
    auto made = authorization::make(texts, {"lab", "iso"});
    EXPECT_TRUE(made) << made.error().text;
    return made ? std::move(*made) : authorization{};
  }

  static failure refused(const std::vector<std::string>& texts) {
    auto made = authorization::make(texts, {"lab", "iso"});
    EXPECT_FALSE(made);
    return made ? failure{} : made.error();
  }

  testing::temporary_directory directory_;
};

// -- the text -------------------------------------------------------------------------------------

TEST_F(Authorization, ReadsLinesAsPeopleWriteThem) {
  const auto read = parse_authorized_clients("f", "\n# the lab\n " + client_a
                                                    + " host one # anything\r\n\t" + client_b);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(*read, (io::fingerprint_set{client_a, client_b}));
  EXPECT_TRUE(parse_authorized_clients("f", "")->empty());
}

TEST_F(Authorization, NeverPassesOverALineItDoesNotUnderstand) {
  const std::vector<std::string> bad = {"host " + client_a,
                                        client_a.substr(1),
                                        client_a + "x",
                                        "SHA256:",
                                        "sha256:" + std::string(43, 'a'),
                                        std::string{"\x1b[2J\0x", 6},
                                        std::string(100000, 'x')};
  for (const auto& line : bad) {
    const auto read = parse_authorized_clients("list", client_a + "\n\n" + line + "\n" + client_b);
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error().code, failure_code::invalid_request);
    EXPECT_THAT(read.error().text, HasSubstr("list, line 3: "));
    EXPECT_LT(read.error().text.size(), 500U);
    EXPECT_EQ(read.error().text.find('\x1b'), std::string::npos);
  }
}

// -- the file -------------------------------------------------------------------------------------

TEST_F(Authorization, SeesWhatChangedInTheFile) {
  authorized_clients clients{write("list", client_a + "\n")};
  ASSERT_TRUE(clients.refresh());
  EXPECT_TRUE(clients.contains(client_a));
  EXPECT_FALSE(clients.contains(client_b));
  write("list", client_b + "\n"); // of the same size, in the same moment
  ASSERT_TRUE(clients.refresh());
  EXPECT_FALSE(clients.contains(client_a));
  EXPECT_TRUE(clients.contains(client_b));
}

TEST_F(Authorization, KnowsNobodyWhileTheFileIsOfNoUse) {
  authorized_clients clients{write("list", client_a + "\n")};
  ASSERT_TRUE(clients.refresh());
  write("list", client_a + "\nrubbish\n");
  EXPECT_FALSE(clients.refresh());
  EXPECT_FALSE(clients.contains(client_a));
  std::filesystem::remove(clients.file());
  EXPECT_FALSE(clients.refresh());
  write("list", client_a + "\n");
  ASSERT_TRUE(clients.refresh());
  EXPECT_TRUE(clients.contains(client_a));
}

TEST_F(Authorization, RefusesAFileThatOthersCouldWrite) {
  authorized_clients clients{write("list", client_a + "\n")};
  for (const mode_t mode : {0664U, 0646U}) {
    ASSERT_EQ(::chmod(clients.file().c_str(), mode), 0);
    const auto refused = clients.refresh();
    ASSERT_FALSE(refused) << std::oct << mode;
    EXPECT_EQ(refused.error().code, failure_code::access_denied);
    EXPECT_THAT(refused.error().text, HasSubstr("chmod go-w"));
  }
}

TEST_F(Authorization, RefusesWhatIsNoFileAndDoesNotWaitForIt) {
  const auto pipe = directory_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& path : {pipe, directory_.path()}) {
    const auto refused = authorized_clients{path}.refresh();
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, failure_code::access_denied);
    EXPECT_THAT(refused.error().text, HasSubstr("is not a regular file"));
  }
  const auto missing = authorized_clients{directory_.path() / "missing"}.refresh();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, failure_code::read_fault);
}

TEST_F(Authorization, SaysThatAPipeIsNoFileBeforeItAsksForAnotherMode) {
  const auto pipe = directory_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(pipe.c_str(), 0666), 0);
  const auto refused = authorized_clients{pipe}.refresh();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("is not a regular file"));
}

TEST_F(Authorization, FollowsALinkAndJudgesTheFileThatItLeadsTo) {
  const auto file = write("list", client_a + "\n");
  const auto link = directory_.path() / "link";
  std::filesystem::create_symlink(file, link);
  authorized_clients clients{link};
  ASSERT_TRUE(clients.refresh());
  EXPECT_TRUE(clients.contains(client_a));
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
  const auto refused = clients.refresh();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("has mode 0666"));
  EXPECT_FALSE(clients.contains(client_a));
}

TEST_F(Authorization, BoundsTheSizeOfTheFile) {
  authorized_clients clients{write("list", std::string(10'000'001, '\n'))};
  EXPECT_FALSE(clients.refresh());
}

// -- who is served --------------------------------------------------------------------------------

TEST_F(Authorization, WithoutAListEverybodyIsServed) {
  auto lists = make({});
  EXPECT_FALSE(lists.check("lab", ""));
  EXPECT_FALSE(lists.check("lab", client_a));
}

TEST_F(Authorization, RefusesWhoDoesNotSayWhoItIs) {
  proves("W-ISES-8");
  auto lists = make({write("list", client_a)});
  const auto refusal = lists.check("lab", "");
  EXPECT_EQ(refusal.code, failure_code::not_authenticated);
  EXPECT_THAT(refusal.text, HasSubstr("--auth"));
}

TEST_F(Authorization, ServesTheKnownAndNamesTheUnknown) {
  proves("W-ISES-7");
  auto lists = make({write("list", client_a)});
  EXPECT_FALSE(lists.check("lab", client_a));
  const auto refusal = lists.check("lab", client_b);
  EXPECT_EQ(refusal.code, failure_code::access_denied);
  EXPECT_THAT(refusal.text, HasSubstr(client_b));
}

TEST_F(Authorization, ANamespaceGoesByItsOwnListAlone) {
  auto lists = make({write("all", client_a), "iso=" + write("iso", client_b)});
  EXPECT_FALSE(lists.check("lab", client_a));
  EXPECT_TRUE(lists.check("lab", client_b));
  EXPECT_TRUE(lists.check("iso", client_a));
  EXPECT_FALSE(lists.check("iso", client_b));
}

TEST_F(Authorization, AListForOneNamespaceLeavesTheOthersOpen) {
  auto lists = make({"iso=" + write("iso", client_b)});
  EXPECT_FALSE(lists.check("lab", ""));
  EXPECT_TRUE(lists.check("iso", ""));
}

TEST_F(Authorization, LetsNobodyInByAListThatBroke) {
  const auto file = write("list", client_a);
  auto lists = make({file});
  write("list", "rubbish");
  const auto refusal = lists.check("lab", client_a);
  EXPECT_EQ(refusal.code, failure_code::access_denied);
  EXPECT_EQ(refusal.text.find("rubbish"), std::string::npos) << "clients learn what is in the list";
  EXPECT_EQ(refusal.text.find(file), std::string::npos);
}

TEST_F(Authorization, RefusesArgumentsThatMakeNoSense) {
  const auto list = write("list", client_a);
  EXPECT_THAT(refused({"nowhere=" + list}).text, HasSubstr("no namespace 'nowhere'"));
  EXPECT_THAT(refused({list, list}).text, HasSubstr("already"));
  EXPECT_THAT(refused({"iso=" + list, "iso=" + list}).text, HasSubstr("already"));
  EXPECT_THAT(refused({write("bad", "rubbish")}).text, HasSubstr("line 1"));
  EXPECT_THAT(refused({"/missing/list"}).text, HasSubstr("/missing/list"));
  // A '=' behind a '/' is part of the file's name.
  EXPECT_TRUE(authorization::make({write("a=b", client_a)}, {"lab"}));
}

} // namespace
} // namespace authorization_test
} // namespace fleetcast::actors
