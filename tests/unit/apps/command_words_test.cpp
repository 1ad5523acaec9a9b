#include "apps/fleetcast/command_words.hpp"

#include <gtest/gtest.h>

namespace fleetcast::apps {
namespace command_words_test {
namespace {

using words = std::vector<std::string>;

class CommandWords : public ::testing::Test {
protected:
  CommandWords() {
    program_.add_subcommand("serve", "");
    program_.add_subcommand("get", "");
    program_.require_subcommand(1);
    program_.add_subcommand("simulate", "")->add_subcommand("session", "");
    auto* fleet = program_.add_subcommand("fleet", "");
    fleet->require_subcommand(1);
    fleet->add_subcommand("status", "");
    fleet->add_subcommand("cancel", "");
  }

  CLI::App program_{"", "fleetcast"};
};

TEST_F(CommandWords, NamesTheWordAndTheNearestCommand) {
  const auto said = misled(program_, {"srve", "--rate", "1M"});
  ASSERT_TRUE(said);
  EXPECT_NE(said->find("\"srve\""), std::string::npos) << *said;
  EXPECT_NE(said->find("Did you mean \"serve\"?"), std::string::npos) << *said;
}

TEST_F(CommandWords, ListsAllWhereNoneIsNear) {
  EXPECT_EQ(misled(program_, {"upload"}),
            "fleetcast: there is no command \"upload\". Commands: serve, get, simulate, fleet");
  EXPECT_EQ(misled(program_, {}),
            "fleetcast: say which command. Commands: serve, get, simulate, fleet");
}

TEST_F(CommandWords, LookIntoGroups) {
  EXPECT_NE(misled(program_, {"fleet", "statsu"}).value().find("\"status\""), std::string::npos);
  EXPECT_EQ(misled(program_, {"fleet"}),
            "fleetcast fleet: say which command. Commands: status, cancel");
}

TEST_F(CommandWords, NeedNotGoOnWhereACommandDoesSomethingByItself) {
  EXPECT_FALSE(misled(program_, {"simulate"}));
  EXPECT_FALSE(misled(program_, {"simulate", "--seed", "1"}));
  EXPECT_FALSE(misled(program_, {"simulate", "session"}));
  EXPECT_EQ(misled(program_, {"simulate", "sesion"}),
            "fleetcast simulate: there is no command \"sesion\". Did you mean \"session\"?");
}

TEST_F(CommandWords, LeaveOptionsAndArgumentsToTheParser) {
  EXPECT_FALSE(misled(program_, {"get", "server/lab/x", "nowhere"}));
  EXPECT_FALSE(misled(program_, {"fleet", "--help"}));
  EXPECT_FALSE(misled(program_, {"--version"}));
}

TEST_F(CommandWords, HelpIsAnOption) {
  EXPECT_EQ(with_help_as_option({"help", "fleet", "status"}), (words{"fleet", "status", "--help"}));
  EXPECT_EQ(with_help_as_option({"help"}), words{"--help"});
  EXPECT_EQ(with_help_as_option({"get", "help"}), (words{"get", "help"}));
}

} // namespace
} // namespace command_words_test
} // namespace fleetcast::apps
