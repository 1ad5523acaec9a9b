// Flags before the file before the defaults.
#include "apps/fleetcast/serve/serve_settings.hpp"
#include "tests/support/temporary_directory.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace fleetcast::apps {
namespace serve_settings_test {
namespace {

using protocol::failure_code;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ServeSettings : public ::testing::Test {
protected:
  void write(const std::string& text) { std::ofstream{file(), std::ios::trunc} << text; }

  std::string file() const { return (root_.path() / "server.toml").string(); }

  /// What the command line would give.
  option_values flags(std::vector<std::string> words) {
    CLI::App command;
    serve_arguments ignored;
    add_serve_options(command, ignored);
    std::reverse(words.begin(), words.end());
    command.parse(words);
    return given_on(command);
  }

  settled both(const std::vector<std::string>& words, const std::string& text) {
    write(text);
    auto result = serve_settings{flags(words), file()}.settle();
    EXPECT_TRUE(result) << result.error().text;
    return result ? *result : settled{};
  }

  protocol::failure refused(const std::string& text) {
    write(text);
    const auto result = serve_settings{{}, file()}.settle();
    EXPECT_FALSE(result) << text;
    return result ? protocol::failure{} : result.error();
  }

  const std::string lab_ = "[namespace.lab]\ndirectory = \"/srv/lab\"\n";
  actors::testing::temporary_directory root_;
};

TEST_F(ServeSettings, AFileSaysEverythingThatFlagsSay) {
  const auto all = both(
    {}, "listen = \"127.0.0.1:5999\"\ninterface = \"lo\"\nauthorized = \"/etc/all\"\n"
        "group = [\"239.1.0.0/16\"]\nrate = \"2M\"\nmax_rate = 5000000\n"
        "feedback_port = \"6000-6010\"\nmax_transmissions = 7\n"
        "max_transmissions_per_source = 3\nrate_policy = \"fixed\"\nttl = 9\nmtu = 1400\n"
        "security = \"none\"\ninject_loss = 2.5\nstate_dir = \"/var/x\"\nmetrics = \"9464\"\n"
        "no_digest_cache = true\nno_console = true\nlog_level = \"debug\"\n"
          + lab_ + "authorized = \"/etc/lab\"\n");
  const auto& a = all.arguments;
  EXPECT_EQ(a.listen, "127.0.0.1:5999");
  EXPECT_EQ(a.interface, "lo");
  EXPECT_THAT(a.namespaces, ElementsAre("lab=/srv/lab"));
  EXPECT_THAT(a.authorized, ElementsAre("/etc/all", "lab=/etc/lab"));
  EXPECT_THAT(a.groups, ElementsAre("239.1.0.0/16"));
  EXPECT_EQ(a.rate, 2'000'000U);
  EXPECT_EQ(a.max_rate, 5'000'000U);
  EXPECT_EQ(a.feedback_port, "6000-6010");
  EXPECT_EQ(a.bounds.in_all, 7U);
  EXPECT_EQ(a.bounds.of_one_source, 3U);
  EXPECT_EQ(a.policy, protocol::rate_policy::fixed);
  EXPECT_TRUE(a.is_policy_given);
  EXPECT_EQ(a.ttl, 9U);
  EXPECT_EQ(a.mtu, 1400U);
  EXPECT_EQ(a.security, "none");
  EXPECT_EQ(a.inject_loss, 2.5);
  EXPECT_EQ(a.state_dir, "/var/x");
  EXPECT_TRUE(a.no_digest_cache);
  EXPECT_EQ(a.daemon.metrics, "9464");
  EXPECT_TRUE(a.daemon.no_console);
  EXPECT_EQ(a.daemon.log_level, "debug");
}

TEST_F(ServeSettings, NoOptionIsWithoutASetting) {
  CLI::App command;
  serve_arguments ignored;
  add_serve_options(command, ignored);
  // The test above sets all of them; one that is added must be added there.
  EXPECT_EQ(command.get_options().size() - 1, 20U) << "without --help";
}

TEST_F(ServeSettings, FlagsWinOneByOne) {
  const auto all = both({"--rate", "3M", "--log-level", "error", "--rate-policy", "fixed"},
                        "rate = \"2M\"\nttl = 9\nrate_policy = \"adaptive\"\n" + lab_);
  EXPECT_EQ(all.arguments.rate, 3'000'000U);
  EXPECT_EQ(all.arguments.policy, protocol::rate_policy::fixed);
  EXPECT_EQ(all.arguments.ttl, 9U);
  EXPECT_EQ(all.arguments.daemon.log_level, "error");
  EXPECT_THAT(all.arguments.namespaces, ElementsAre("lab=/srv/lab"));
}

TEST_F(ServeSettings, NamespacesOnTheCommandLineAreAllThereAre) {
  const auto all = both({"-n", "iso=/srv/iso"},
                        "authorized = \"/etc/all\"\n" + lab_ + "authorized = \"/etc/lab\"\n");
  EXPECT_THAT(all.arguments.namespaces, ElementsAre("iso=/srv/iso"));
  EXPECT_THAT(all.arguments.authorized, ElementsAre("/etc/all"));
}

TEST_F(ServeSettings, AListOfClientsIsReplacedForItsOwnNamespaceOnly) {
  const auto text = "authorized = [\"/etc/all\", \"iso=/etc/iso\"]\n" + lab_
                    + "authorized = \"/etc/lab\"\n[namespace.iso]\ndirectory = \"/srv/iso\"\n";
  EXPECT_THAT(both({"-a", "lab=/mine"}, text).arguments.authorized,
              ElementsAre("lab=/mine", "/etc/all", "iso=/etc/iso"));
  EXPECT_THAT(both({"-a", "/mine"}, text).arguments.authorized,
              ElementsAre("/mine", "iso=/etc/iso", "lab=/etc/lab"));
}

TEST_F(ServeSettings, AFlagForTheRateOverrulesHowTheFileFindsOne) {
  const auto fixed = both({"--rate", "5M"}, "rate_policy = \"adaptive\"\n" + lab_).arguments;
  EXPECT_EQ(fixed.rate, 5'000'000U);
  EXPECT_FALSE(fixed.is_policy_given);
  const auto found = both({"--rate-policy", "adaptive"}, "rate = \"5M\"\n" + lab_).arguments;
  EXPECT_EQ(found.rate, 0U);
}

TEST_F(ServeSettings, WithoutAFileFlagsAreAllThereIs) {
  const auto all = serve_settings{flags({"-n", "lab=/srv", "--ttl", "3"}), ""}.settle();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->arguments.ttl, 3U);
  EXPECT_FALSE(all->arguments.is_policy_given);
  const auto nothing = serve_settings{{}, ""}.settle();
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().text, HasSubstr("--namespace NAME=DIR"));
}

TEST_F(ServeSettings, TheSameChecksAsForFlagsWithFileAndLine) {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
         {"rate = \"5\"\n" + lab_, "line 1: rate is not understood"},
         {"ttl = 0\n" + lab_, "line 1: ttl is not understood"},
         {"ttl = 1\nrate_policy = \"fast\"\n" + lab_, "line 2: rate_policy is not understood"},
         {"ttl = [1, 2]\n" + lab_, "expected one value"},
         {"no_console = \"yes\"\n" + lab_, "expected true or false"},
         {"max-rate = 5\n" + lab_,
          "line 1: there is no setting 'max-rate'. The nearest is 'max_rate'"},
         {"config = \"/x\"\n" + lab_, "there is no setting 'config'"},
         {"\"\\u001b[31mred\" = true\n" + lab_, "there is no setting '?[31mred'; `man"},
         {"help = true\n" + lab_, "there is no setting 'help'"},
         {"ttl = 1\n", "offers nothing: write [namespace.lab]"}}) {
    const auto why = refused(text);
    EXPECT_THAT(why.text, AllOf(HasSubstr(file()), HasSubstr(what))) << text;
    EXPECT_EQ(why.code, failure_code::invalid_argument);
  }
}

TEST_F(ServeSettings, AFlagThatTheFileTurnsOffStaysOff) {
  EXPECT_FALSE(both({}, "no_console = false\n" + lab_).arguments.daemon.no_console);
}

TEST_F(ServeSettings, AreReadAgainEachTime) {
  write(lab_);
  const serve_settings settings{{}, file()};
  const auto before = settings.settle();
  ASSERT_TRUE(before);
  write("ttl = 2\nrate = \"1M\"\n" + lab_ + "[namespace.iso]\ndirectory = \"/srv/iso\"\n");
  const auto after = settings.settle();
  ASSERT_TRUE(after);
  EXPECT_THAT(after->arguments.namespaces, ElementsAre("lab=/srv/lab", "iso=/srv/iso"));
  EXPECT_THAT(differences(before->values, after->values),
              ElementsAre("--namespace", "--rate", "--ttl"));
  EXPECT_THAT(differences(after->values, after->values), IsEmpty());
}

} // namespace
} // namespace serve_settings_test
} // namespace fleetcast::apps
