// What WDS administrators type at wdsmcast.
#include "apps/wdsmcast/command_line.hpp"
#include "apps/wdsmcast/help.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string_view>
#include <vector>

namespace fleetcast::apps {

namespace wdsmcast_command_line_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using arguments = std::vector<const char*>;
using verb = wdsmcast_arguments::verb;

auto parse(const arguments& given) {
  return parse_wdsmcast(given);
}

/// The reason why `given` is refused; an empty one when it is not.
refusal refused(const arguments& given) {
  auto parsed = parse(given);
  EXPECT_FALSE(parsed) << given.back();
  return parsed ? refusal{ERROR_SUCCESS, ""} : parsed.error();
}

/// A complete command line and `more`.
arguments complete_and(const arguments& more) {
  arguments result{"/Transfer-File", "/Server:wds1", "/Namespace:lab", "/SourceFile:disk.img",
                   "/DestinationFile:/tmp/disk.img"};
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

} // namespace

TEST(WdsmcastCommandLine, UnderstandsWhatIsDocumented) {
  auto parsed
    = parse({"/Progress", "/Verbose", "/Trace:/tmp/trace.txt", "/Transfer-File", "/Server:wds1",
             "/Namespace:WDS:Group1/install.wim/1", "/SourceFile:sub\\install.wim",
             "/DestinationFile:/srv/my images/install.wim"});
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->what, verb::transfer_file);
  EXPECT_EQ(parsed->server, "wds1");
  EXPECT_EQ(parsed->name_space, "WDS:Group1/install.wim/1");
  EXPECT_EQ(parsed->source_file, "sub\\install.wim");
  EXPECT_EQ(parsed->destination_file, "/srv/my images/install.wim");
  EXPECT_EQ(parsed->trace, "/tmp/trace.txt");
  EXPECT_TRUE(parsed->progress);
  EXPECT_TRUE(parsed->verbose);
}

TEST(WdsmcastCommandLine, UnderstandsWhatLinuxAdds) {
  auto parsed
    = parse(complete_and({"/Interface:eth1", "/Fingerprint:SHA256:abc", "/KnownServers:/etc/k"}));
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->interface, "eth1");
  EXPECT_EQ(parsed->fingerprint, "SHA256:abc");
  EXPECT_EQ(parsed->known_servers, "/etc/k");
}

TEST(WdsmcastCommandLine, LeavesOutWhatWasNotGiven) {
  auto parsed = parse(complete_and({}));
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->progress);
  EXPECT_FALSE(parsed->verbose);
  for (const auto& text :
       {parsed->trace, parsed->interface, parsed->fingerprint, parsed->known_servers})
    EXPECT_EQ(text, "");
}

TEST(WdsmcastCommandLine, TakesAnyCasePrefixAndOrder) {
  auto parsed = parse({"-destinationfile:D", "/SERVER:[2001:db8::1]:5040", "--sourcefile:S",
                       "-NameSpace:N", "-transfer-file", "--PROGRESS"});
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->server, "[2001:db8::1]:5040");
  EXPECT_EQ(parsed->name_space, "N");
  EXPECT_EQ(parsed->source_file, "S");
  EXPECT_EQ(parsed->destination_file, "D");
  EXPECT_TRUE(parsed->progress);
}

TEST(WdsmcastCommandLine, KeepsTheCaseOfValues) {
  auto parsed = parse(complete_and({"/trace:/tmp/Trace.TXT"}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->trace, "/tmp/Trace.TXT");
}

TEST(WdsmcastCommandLine, HelpWinsOverEveryMistake) {
  for (const auto* help : {"/?", "-?", "/Help", "--help", "-h", "/HELP"}) {
    EXPECT_EQ(parse({help})->what, verb::help) << help;
    auto parsed = parse({"/nonsense", "word", "/Password:x", help});
    ASSERT_TRUE(parsed) << help;
    EXPECT_EQ(parsed->what, verb::help);
  }
}

TEST(WdsmcastCommandLine, KnowsItsVersion) {
  EXPECT_EQ(parse({"/version"})->what, verb::version);
}

TEST(WdsmcastCommandLine, NamesWhatIsMissing) {
  auto complete = complete_and({});
  for (std::size_t i = 1; i < complete.size(); ++i) {
    auto given = complete;
    given.erase(given.begin() + static_cast<std::ptrdiff_t>(i));
    auto reason = refused(given);
    EXPECT_EQ(reason.error, DWORD{ERROR_INVALID_PARAMETER});
    std::string_view missing{complete[i]};
    EXPECT_THAT(reason.text,
                HasSubstr("needs " + std::string{missing.substr(0, missing.find(':'))}));
  }
  EXPECT_THAT(refused({"/Server:x"}).text, HasSubstr("no command"));
  EXPECT_FALSE(parse({}));
}

TEST(WdsmcastCommandLine, RefusesWhatIsGivenTwice) {
  EXPECT_THAT(refused(complete_and({"/server:other"})).text, HasSubstr("/Server was given twice"));
  EXPECT_FALSE(parse(complete_and({"/Transfer-File"})));
  EXPECT_TRUE(parse(complete_and({"/Progress", "/progress"})));
}

TEST(WdsmcastCommandLine, RefusesWrongValues) {
  EXPECT_THAT(refused({"/Server"}).text, HasSubstr("write /Server:<"));
  EXPECT_THAT(refused({"/Server:"}).text, HasSubstr("write /Server:<"));
  EXPECT_THAT(refused({"/Server=x"}).text, HasSubstr("after a colon"));
  EXPECT_THAT(refused({"/Progress:yes"}).text, HasSubstr("/Progress takes no value"));
  EXPECT_THAT(refused({"/Transfer-File:x"}).text, HasSubstr("/Transfer-File takes no value"));
}

TEST(WdsmcastCommandLine, RefusesWhatIsNoOption) {
  EXPECT_THAT(refused({"/Sever:x"}).text, HasSubstr("no option /Sever"));
  for (const auto* word : {"word", "", "C:\\disk.img"})
    EXPECT_THAT(refused(complete_and({word})).text, HasSubstr("neither / nor -"));
  for (const auto* empty : {"/", "-", "--", "/:"})
    EXPECT_EQ(refused(complete_and({empty})).error, DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_THAT(refused(complete_and({"/tmp/disk.img"})).text, HasSubstr("without a space"));
}

TEST(WdsmcastCommandLine, NeverRepeatsAValueWhichMayBeAPassword) {
  for (const auto* given : {"/Pasword:secret", "/Pasword=secret", "/Password=secret", "secret",
                            "/Progress:secret", "/Transfer-File:secret", "/x/secret"})
    EXPECT_THAT(refused(complete_and({given})).text, Not(HasSubstr("secret"))) << given;
}

TEST(WdsmcastCommandLine, TakesAUserOrAPasswordForTheWishToAuthenticate) {
  EXPECT_FALSE(parse(complete_and({}))->authenticate);
  for (const auto* given :
       {"/Username:lab\\me", "/password:secret", "/Password:*", "/Password:", "-PASSWORD"}) {
    auto parsed = parse(complete_and({given}));
    ASSERT_TRUE(parsed) << given;
    EXPECT_TRUE(parsed->authenticate) << given;
  }
  EXPECT_TRUE(parse(complete_and({"/Username:me", "/Password:secret"}))->authenticate);
  EXPECT_THAT(refused(complete_and({"/Username"})).text, HasSubstr("write /Username:<user>"));
  EXPECT_THAT(refused(complete_and({"/Password:a", "/Password:secret"})).text,
              AllOf(HasSubstr("/Password was given twice"), Not(HasSubstr("secret"))));
}

TEST(WdsmcastCommandLine, SaysThatImagesAreNotSupported) {
  auto reason = refused({"/Apply-Image", "/Index:1"});
  EXPECT_EQ(reason.error, DWORD{ERROR_NOT_SUPPORTED});
  EXPECT_THAT(reason.text, HasSubstr("/Transfer-File"));
}

TEST(WdsmcastCommandLine, HelpKnowsEveryOption) {
  for (const auto* option :
       {"/Transfer-File",
        "/Server:", "/Namespace:", "/SourceFile:", "/DestinationFile:", "/Progress", "/Verbose",
        "/Trace:", "/Interface:", "/Fingerprint:", "/KnownServers:", "/Username", "/Password",
        "/Apply-Image", "/?", "/Help", "/Version"})
    EXPECT_THAT(wdsmcast_help(), HasSubstr(option));
}

TEST(WdsmcastCommandLine, HelpFitsATerminal) {
  std::istringstream lines{wdsmcast_help()};
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(line.size(), 80U) << line;
}

TEST(WdsmcastCommandLine, EveryOptionOfTheTableIsUnderstood) {
  for (const auto& option : wdsmcast_options()) {
    const auto word = "/" + std::string{option.name} + (option.value.empty() ? "" : ":x");
    const char* const words[] = {word.c_str()};
    const auto parsed = parse_wdsmcast(words);
    // Alone, some lack others; but none is unknown.
    const auto complaint = parsed ? std::string{} : parsed.error().text;
    EXPECT_THAT(complaint, ::testing::Not(HasSubstr("there is no option"))) << word;
  }
}

} // namespace wdsmcast_command_line_test
} // namespace fleetcast::apps
