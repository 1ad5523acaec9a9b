#include "apps/manual/cli_entry.hpp"
#include "apps/manual/completion.hpp"
#include "apps/manual/exit_codes.hpp"
#include "apps/manual/man_page.hpp"
#include "apps/manual/roff.hpp"
#include "apps/manual/shell_words.hpp"
#include "apps/manual/story.hpp"
#include "apps/manual/wdsmcast_entry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::apps::manual {
namespace manual_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Manual : public ::testing::Test {
protected:
  Manual() {
    auto* serve = program_.add_subcommand("serve", "Offer directories");
    serve->footer("Words of `fleetcast fleet get`.\n\nExamples:\n  fleetcast serve 'a'\n\n"
                  "Exit codes: 0 well,\n1 not.\n");
    serve->add_option("--ttl", ttl_, "How far")
      ->check(CLI::Range(1U, 255U))
      ->capture_default_str()
      ->type_name("N");
    serve->add_option("--level,-l", text_, "What to log")->check(CLI::IsMember({"info", "off"}));
    serve->add_option("--key,-k", text_, "SHA256:…")->type_name("SHA256:…");
    serve->add_option("--hidden", text_, "For nobody")->group("");
    auto* json = serve->add_flag("--json", flag_, "For programs");
    serve->add_option("dest", text_, "Where")->required()->type_name("DEST");
    serve->add_option("--dir", texts_, "Where else")->needs(json)->type_name("NAME=DIR");
    auto* fleet = program_.add_subcommand("fleet", "Many");
    fleet->add_subcommand("get", "Bring it");
    fleet->require_subcommand(1);
    program_.add_subcommand("try", "See")->add_subcommand("more", "See more");
  }

  command_entry all() { return entry_of(program_); }
  command_entry serve() { return all().commands.front(); }

  const option_entry& option(const command_entry& of, const std::string& name) {
    for (const auto& one : of.options)
      if (one.names.back() == name)
        return one;
    throw std::out_of_range{name};
  }

  CLI::App program_{"Fleetcast sends files.", "fleetcast"};
  unsigned ttl_ = 7;
  std::string text_;
  std::vector<std::string> texts_;
  bool flag_ = false;
};

TEST_F(Manual, TakesNamesValuesAndFactsFromTheTable) {
  const auto entry = serve();
  EXPECT_THAT(entry.words, ElementsAre("fleetcast", "serve"));
  const auto ttl = option(entry, "--ttl");
  EXPECT_EQ(ttl.value, "N");
  EXPECT_EQ(ttl.range, "1 - 255");
  EXPECT_EQ(ttl.standard, "7");
  const auto level = option(entry, "--level");
  EXPECT_THAT(level.names, ElementsAre("-l", "--level"));
  EXPECT_THAT(level.choices, ElementsAre("info", "off"));
  EXPECT_EQ(level.kind, value_kind::choice);
  EXPECT_EQ(option(entry, "--key").value, "SHA256:…");
  EXPECT_EQ(option(entry, "--json").kind, value_kind::none);
  const auto dir = option(entry, "--dir");
  EXPECT_EQ(dir.kind, value_kind::directory);
  EXPECT_TRUE(dir.is_repeatable);
  EXPECT_THAT(dir.needs, ElementsAre("--json"));
  ASSERT_EQ(entry.values.size(), 1U);
  EXPECT_EQ(entry.values[0].value, "DEST");
  EXPECT_TRUE(entry.values[0].is_required);
}

TEST_F(Manual, WhatHelpHidesIsHidden) {
  EXPECT_THROW(static_cast<void>(option(serve(), "--hidden")), std::out_of_range);
}

TEST_F(Manual, APageHasItsSections) {
  const auto page = man_page(serve(), all(), {"1.2", "2026-01-02"});
  EXPECT_THAT(page, HasSubstr(".TH FLEETCAST-SERVE 1 \"2026-01-02\" \"fleetcast 1.2\""));
  EXPECT_THAT(page, HasSubstr("fleetcast\\-serve \\- offer directories\n"));
  EXPECT_THAT(page, HasSubstr(".SH DESCRIPTION\nWords of \\fBfleetcast fleet get\\fR\\&.\n"));
  EXPECT_THAT(page,
              HasSubstr("\\fB\\-\\-ttl\\fR \\fIN\\fR\nHow far.\nFrom 1 to 255.\nDefault: 7.\n"));
  EXPECT_THAT(page, HasSubstr("fleetcast serve \\(aqa\\(aq\n"));
  EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS\n.TP\n\\fB0\\fR\nwell.\n.TP\n\\fB1\\fR\nnot.\n"));
  EXPECT_THAT(page, HasSubstr("\\fBfleetcast\\fR(1),\n\\fBfleetcast\\-fleet\\-get\\fR(1)\n"));
}

TEST_F(Manual, AGroupListsItsCommands) {
  const auto page = man_page(all(), all(), {"1.2", ""});
  EXPECT_THAT(page, HasSubstr("fleetcast \\- sends files\n"));
  EXPECT_THAT(page,
              HasSubstr(".SH COMMANDS\n.TP\n\\fBfleetcast\\-serve\\fR(1)\nOffer directories.\n"));
}

TEST_F(Manual, ASynopsisSaysWhetherACommandMustFollow) {
  const auto of = [this](std::size_t command) {
    return man_page(all().commands[command], all(), {"1.2", ""});
  };
  EXPECT_THAT(of(1), HasSubstr("[\\fIOPTION\\fR]... \\fICOMMAND\\fR ...\n"));
  EXPECT_THAT(of(2), HasSubstr("[\\fIOPTION\\fR]... [\\fICOMMAND\\fR ...]\n"));
}

TEST_F(Manual, EachShellKnowsTheOptionsOfACommand) {
  EXPECT_THAT(bash_completion(all()),
              HasSubstr("options='-h --help --ttl -l --level -k --key --json --dir'"));
  EXPECT_THAT(
    bash_completion(all()),
    HasSubstr("'fleetcast serve -l' | 'fleetcast serve --level') kind=choice choices='info off'"));
  EXPECT_THAT(zsh_completion(all()),
              HasSubstr("'(-l --level)--level=[What to log]:info|off:(info off)'"));
  EXPECT_THAT(fish_completion(all()), HasSubstr("-s l -l level -x -a 'info off' -d 'What to log'"));
}

TEST(ManualRoff, NothingInTextIsARequest) {
  EXPECT_EQ(roff_literal(".TH"), "\\&.TH");
  EXPECT_EQ(roff_literal("a-b\\c'd\"e`f^g~h…"), "a\\-b\\ec\\(aqd\\(dqe\\(gaf\\(hag\\(tih\\[u2026]");
  EXPECT_EQ(roff_literal("\xe2"), "\\[u00E2]"); // cut short
  EXPECT_EQ(roff_paragraph(".so /etc/passwd"), "\\&.so /etc/passwd\n");
  EXPECT_EQ(roff_paragraph("x\n.so /etc/passwd"), "x .so /etc/passwd\n");
}

TEST(ManualRoff, LinesAreFilledAndSentencesBeginThem) {
  const std::string word(30, 'a');
  EXPECT_EQ(roff_paragraph("One. Two\nthree."), "One.\nTwo three.\n");
  EXPECT_EQ(roff_paragraph(word + " " + word + " " + word), word + " " + word + "\n" + word + "\n");
}

TEST(ManualRoff, BackquotesAreBoldAndOneAloneEndsWithItsText) {
  EXPECT_EQ(roff_paragraph("of `a b` or"), "of \\fBa b\\fR or\n");
  EXPECT_EQ(roff_paragraph("of `a"), "of \\fBa\\fR\n");
}

TEST(ManualStory, KeepsExamplesTogether) {
  const auto parts = sections_of("Words\nmore.\n\nExamples:\n  one \\\n      two\n\n  "
                                 "three\n\nLast.\n\nExit codes: 0 it\nis.\n");
  ASSERT_EQ(parts.description.size(), 2U);
  EXPECT_EQ(parts.description[1].text, "Last.\n");
  ASSERT_EQ(parts.examples.size(), 2U);
  EXPECT_EQ(parts.examples[0].text, "one \\\n    two\n");
  EXPECT_TRUE(parts.examples[1].is_as_it_stands);
  ASSERT_EQ(parts.exit_codes.size(), 1U);
  EXPECT_EQ(parts.exit_codes[0].text, "0 it\nis.\n");
}

TEST(ManualExitCodes, AreTakenApartWhereTheyCanBe) {
  const auto all = exit_codes_of(
    "0 done, in time; 1 it\nfailed, 2 wrong usage; 129, 130, 143 ended by\nSIGHUP, SIGINT.\n");
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].text, "done, in time");
  EXPECT_EQ(all[1].text, "it\nfailed");
  EXPECT_EQ(all[3].codes, "129, 130, 143");
  EXPECT_EQ(all[3].text, "ended by\nSIGHUP, SIGINT.");
  EXPECT_TRUE(exit_codes_of("as `fleetcast fleet get`.").empty());
  EXPECT_TRUE(exit_codes_of("0.").empty());
}

TEST(ManualWords, AreQuotedForEachShell) {
  EXPECT_EQ(sh_quoted("it's \\"), "'it'\\''s \\'");
  EXPECT_EQ(fish_quoted("it's \\"), "'it\\'s \\\\'");
  EXPECT_EQ(zsh_escaped("[a]: \\"), "\\[a\\]\\: \\\\");
}

TEST(ManualWdsmcast, HasSlashesAndColons) {
  const auto entry = wdsmcast_entry();
  const auto page = man_page(entry, entry, {"1.2", ""});
  EXPECT_THAT(page, HasSubstr("\\fB/Server:\\fR\\fI<name or address>[:<port>]\\fR\n"));
  EXPECT_THAT(page, Not(HasSubstr("SEE ALSO")));
  EXPECT_THAT(bash_colon_completion(entry), HasSubstr("DestinationFile|Trace|KnownServers"));
  EXPECT_THAT(zsh_colon_completion(entry), HasSubstr("'/Progress'"));
  EXPECT_THAT(fish_colon_completion(entry), HasSubstr("-a '/Server:'"));
}

} // namespace
} // namespace manual_test
} // namespace fleetcast::apps::manual
