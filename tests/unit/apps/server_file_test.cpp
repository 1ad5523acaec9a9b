// The file of `fleetcast serve --config`, as text.
#include "apps/fleetcast/serve/server_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace fleetcast::apps {
namespace server_file_test {
namespace {

using protocol::failure_code;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::filesystem::path file = "/etc/fleetcast/server.toml";

std::vector<file_setting> parsed(const std::string& text) {
  auto result = parse_server_file(file, text);
  EXPECT_TRUE(result) << result.error().text;
  return result ? *result : std::vector<file_setting>{};
}

protocol::failure refused(const std::string& text) {
  const auto result = parse_server_file(file, text);
  EXPECT_FALSE(result) << text;
  return result ? protocol::failure{} : result.error();
}

TEST(ServerFile, SaysWhatACommandLineWould) {
  const auto all = parsed("rate = \"800M\"\nttl = 4\ninject_loss = 1.5\nno_console = true\n"
                          "group = [\"239.1.0.0/16\", \"ff15::/112\"]\n");
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].key, "rate");
  EXPECT_THAT(all[0].values, ElementsAre("800M"));
  EXPECT_EQ(all[0].line, 1U);
  EXPECT_THAT(all[1].values, ElementsAre("4"));
  EXPECT_THAT(all[2].values, ElementsAre("1.5"));
  EXPECT_THAT(all[3].values, ElementsAre("true"));
  EXPECT_THAT(all[4].values, ElementsAre("239.1.0.0/16", "ff15::/112"));
}

TEST(ServerFile, NamespacesAreTables) {
  const auto all = parsed("authorized = \"/all\"\n[namespace.lab]\ndirectory = \"/srv/lab\"\n"
                          "authorized = \"/lab\"\n[namespace.\"a b\"]\ndirectory = \"/srv/ab\"\n");
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].key, "authorized");
  EXPECT_FALSE(all[0].is_of_namespace);
  EXPECT_EQ(all[1].key, "namespace");
  EXPECT_THAT(all[1].values, ElementsAre("lab=/srv/lab"));
  EXPECT_TRUE(all[1].is_of_namespace);
  EXPECT_EQ(all[2].key, "authorized");
  EXPECT_THAT(all[2].values, ElementsAre("lab=/lab"));
  EXPECT_TRUE(all[2].is_of_namespace);
  EXPECT_THAT(all[3].values, ElementsAre("a b=/srv/ab"));
}

TEST(ServerFile, AnEmptyOneHasNoSettings) {
  EXPECT_TRUE(parsed("").empty());
  EXPECT_TRUE(parsed("# rate = 1\n").empty());
}

TEST(ServerFile, WhatIsWrongIsNamedWithItsLine) {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
         {"ttl = 1\nrate = 800M\n", "line 2: "},
         {"ttl = 1\n\nrate = {}\n", "line 3: rate is not understood"},
         {"authorized = []\n", "line 1: authorized is not understood"},
         {"ttl = 1\nttl = 2\n", "line "},
         {"namespace = \"lab\"\n", "line 1: namespaces are tables"},
         {"[namespace.lab]\n", "line 1: the namespace 'lab' has no directory"},
         {"[namespace.lab]\ndirectory = \"/a\"\ndir = \"/b\"\n",
          "line 3: a namespace has no setting 'dir'"},
         {"[namespace.lab]\ndirectory = 5\n", "line 2: directory is not understood"},
         {"[namespace.lab]\ndirectory = \"/a\"\nauthorized = \"\"\n",
          "line 3: authorized is not understood"},
         {"[namespace.\"a=b\"]\ndirectory = \"/a\"\n", "holds no '='"}}) {
    const auto why = refused(text);
    EXPECT_THAT(why.text, AllOf(HasSubstr(file.string()), HasSubstr(what))) << text;
    EXPECT_EQ(why.code, failure_code::invalid_argument) << text;
  }
}

TEST(ServerFile, NothingThatExhaustsTheParser) {
  EXPECT_THAT(refused("a = " + std::string(2000, '[')).text, HasSubstr("too large"));
  EXPECT_THAT(refused("a" + std::string(3000, '.') + "\n" + std::string(5000, 'a')).text,
              HasSubstr("line 2"));
  EXPECT_THAT(refused(std::string(300 * 1024, '\n')).text, HasSubstr("too large"));
  // As deep as they may be.
  EXPECT_THAT(refused("a = " + std::string(500, '[')).text, HasSubstr("is not understood"));
}

TEST(ServerFile, OthersMayNotWriteIt) {
  const actors::testing::temporary_directory root;
  const auto path = root.path() / "server.toml";
  std::ofstream{path} << "ttl = 2\n";
  EXPECT_TRUE(read_server_file(path));
  std::filesystem::permissions(path, std::filesystem::perms{0666});
  const auto exposed = read_server_file(path);
  ASSERT_FALSE(exposed);
  EXPECT_EQ(exposed.error().code, failure_code::access_denied);
  EXPECT_THAT(exposed.error().text, HasSubstr("chmod go-w"));
}

TEST(ServerFile, OneThatIsNotThereIsAReasonOfItsOwn) {
  const auto read = read_server_file("/nonexistent/server.toml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, failure_code::read_fault);
}

TEST(ServerFile, IsARegularFile) {
  for (const auto* path : {"/", "/dev/zero"}) {
    const auto read = read_server_file(path);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().text, HasSubstr("is not a regular file"));
  }
}

} // namespace
} // namespace server_file_test
} // namespace fleetcast::apps
