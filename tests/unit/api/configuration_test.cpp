#include "api/configuration.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <string>

#include <sys/stat.h>

namespace fleetcast::api {
namespace configuration_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string fingerprint = "SHA256:" + std::string(43, 'a');

using variables = std::map<std::string, std::string>;

environment of(const variables& all) {
  return [&all](const char* name) -> const char* {
    const auto found = all.find(name);
    return found == all.end() ? nullptr : found->second.c_str();
  };
}

std::string mistake_in(const std::string& text) {
  const auto parsed = parse_configuration("/etc/x.toml", text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? "" : parsed.error();
}

class Configuration : public ::testing::Test {
protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    const auto file = directory_.path() / name;
    std::ofstream{file} << text;
    return file;
  }

  actors::testing::temporary_directory directory_;
};

// -- a file -------------------------------------------------------------------------------------------

TEST_F(Configuration, ReadsEverySetting) {
  const auto read
    = parse_configuration("f", "# ours\ninterface = \"eth1\"\nfingerprint = \"" + fingerprint
                                 + "\"\nknown_servers = '/a b/known'\n"
                                   "identity = \"/id\" # key\nthreads = 4\n"
                                   "log_level = \"debug\"\nlog_file = \"/log\"\n"
                                   "security = \"none\"\nconsole = 1\n");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->interface, "eth1");
  EXPECT_EQ(read->fingerprint, fingerprint);
  EXPECT_EQ(read->known_servers, "/a b/known");
  EXPECT_EQ(read->identity, "/id");
  EXPECT_EQ(read->worker_threads, 4U);
  EXPECT_EQ(read->log_level, ULONG{FLEETCAST_LOG_DEBUG});
  EXPECT_EQ(read->log_file, "/log");
  EXPECT_EQ(read->console, ULONG{FLEETCAST_CONSOLE_ON});
  EXPECT_EQ(read->security, "none");
}

TEST_F(Configuration, KnowsTwoKindsOfSecurityAndNoOther) {
  for (const auto* known : {"sealed", "none"})
    EXPECT_TRUE(parse_configuration("f", std::string{"security = \""} + known + "\"")) << known;
  for (const auto* unknown : {"open", "None", " none"})
    EXPECT_THAT(mistake_in(std::string{"security = \""} + unknown + "\""),
                HasSubstr("sealed or none"))
      << unknown;
}

TEST_F(Configuration, ReadsAnEmptyFile) {
  for (const auto* text : {"", "\n", "# nothing", " \t\r\n"})
    EXPECT_TRUE(parse_configuration("f", text)) << text;
}

TEST_F(Configuration, NamesFileLineFindingAndRemedy) {
  EXPECT_THAT(mistake_in("interface = \"eth1\"\n\nthreads = 1000\n"),
              AllOf(HasSubstr("/etc/x.toml, line 3: 'threads = 1000'"),
                    HasSubstr("a whole number from 1 to 256"), HasSubstr("threads = 4")));
  EXPECT_THAT(mistake_in("log_level = \"loud\""),
              AllOf(HasSubstr("line 1"), HasSubstr("off, error, warning, info or debug")));
  EXPECT_THAT(mistake_in("fingerprint = \"SHA256:short\""), HasSubstr("43 characters"));
  EXPECT_THAT(mistake_in("known_servers = \"known\""), HasSubstr("an absolute path"));
}

TEST_F(Configuration, RefusesWrongTypes) {
  for (const auto* text :
       {"threads = \"4\"", "threads = 4.0", "threads = true", "threads = 0", "threads = -1",
        "interface = 4", "interface = \"\"", "interface = [\"eth1\"]", "log_file = { a = \"/x\" }",
        "interface = 1979-05-27", "console = 2", "console = \"1\"", "[interface]\nname = \"eth1\""})
    EXPECT_THAT(mistake_in(text), HasSubstr("/etc/x.toml, line 1: ")) << text;
}

TEST_F(Configuration, NamesTheNearestOfTheSettingsForAnUnknownOne) {
  EXPECT_THAT(mistake_in("\nthread = 4\n"),
              AllOf(HasSubstr("line 2: there is no setting 'thread'"), HasSubstr("'threads'")));
  EXPECT_THAT(mistake_in("known-servers = \"/x\""), HasSubstr("'known_servers'"));
  EXPECT_THAT(mistake_in("loglevel = \"info\""), HasSubstr("'log_level'"));
  EXPECT_THAT(mistake_in("[log]\nlevel = \"info\""), HasSubstr("there is no setting 'log'"));
}

TEST_F(Configuration, TellsTheFirstMistake) {
  EXPECT_THAT(mistake_in("thread = 1\ninterfaces = \"x\"\nlogfile = \"/x\""),
              HasSubstr("'thread'"));
}

TEST_F(Configuration, RefusesWhatIsNoToml) {
  for (const auto* text :
       {"interface = eth1", "interface: \"eth1\"", "interface", "= 4", "interface = \"eth1",
        "threads = 4 threads", "threads = 1\nthreads = 2", "\x01\x02", "[[[[",
        "threads = 99999999999999999999", "\xff\xfe", "interface = \"\\x\""})
    EXPECT_THAT(mistake_in(text), HasSubstr("/etc/x.toml")) << text;
}

TEST_F(Configuration, BoundsWhatItReads) {
  EXPECT_THAT(mistake_in(std::string(65 * 1024, '\n')), HasSubstr("64 KiB"));
  EXPECT_THAT(mistake_in("threads = " + std::string(4000, '[')), HasSubstr("brackets"));
  std::string dotted = "a";
  while (dotted.size() < 60'000)
    dotted += ".a";
  EXPECT_THAT(mistake_in(dotted + " = 1"), HasSubstr("line 1"));
  EXPECT_LT(mistake_in(dotted.substr(0, 4001) + " = 1").size(), 1000U);
}

TEST_F(Configuration, KeepsItsWordsFitForATerminal) {
  const auto text = mistake_in("threads = \"\x1b[2J\"");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LT(mistake_in("interfac = \"" + std::string(4000, 'x') + "\"").size(), 1000U);
}

TEST_F(Configuration, SurvivesAnyBytes) {
  const std::string seed_text = "interface = \"eth1\"\nthreads = 4\n[a.b]\nc = { d = [1, 2] }\n";
  std::mt19937 random{20240501};
  for (int i = 0; i < 3000; ++i) {
    auto text = seed_text;
    for (unsigned n = random() % 8; n-- > 0;)
      text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % (text.size() + 1));
    const auto parsed = parse_configuration("f", text);
    EXPECT_TRUE(parsed || !parsed.error().empty());
  }
}

// -- the environment and the order --------------------------------------------------------------------

TEST_F(Configuration, TakesEnvironmentBeforeFileSettingBySetting) {
  const auto file = write("c", "interface = \"eth1\"\nthreads = 4\n");
  const variables all{{"FLEETCAST_THREADS", "2"}, {"FLEETCAST_IDENTITY", "/id"}};
  const auto read = read_configuration(of(all), {file});
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->worker_threads, 2U);
  EXPECT_EQ(read->interface, "eth1");
  EXPECT_EQ(read->identity, "/id");
  configuration program;
  program.worker_threads = 1;
  const auto merged = layered(program, *read);
  EXPECT_EQ(merged.worker_threads, 1U);
  EXPECT_EQ(merged.interface, "eth1");
}

TEST_F(Configuration, ReadsTheFirstUsualFileThatExistsAndOnlyThat) {
  const auto own = write("own", "threads = 4\n");
  const auto hosts = write("host", "interface = \"eth1\"\nthreads = 2\n");
  auto read = read_configuration(of({}), {own, hosts});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->worker_threads, 4U);
  EXPECT_EQ(read->interface, "");
  read = read_configuration(of({}), {directory_.path() / "missing", hosts});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->interface, "eth1");
  EXPECT_TRUE(read_configuration(of({}), {directory_.path() / "missing"}));
}

TEST_F(Configuration, AFileNamedByTheEnvironmentMustBeThere) {
  const variables missing{{"FLEETCAST_CONFIG", "/missing/c.toml"}};
  const auto refused = read_configuration(of(missing), {write("usual", "threads = 4")});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), AllOf(HasSubstr("/missing/c.toml"), HasSubstr("FLEETCAST_CONFIG")));
  const variables none{{"FLEETCAST_CONFIG", "/dev/null"}};
  const auto read = read_configuration(of(none), {write("usual", "threads = 4")});
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->worker_threads, 0U);
}

TEST_F(Configuration, AnEmptyVariableIsNotSet) {
  const variables all{{"FLEETCAST_THREADS", ""}, {"FLEETCAST_CONFIG", ""}};
  EXPECT_TRUE(read_configuration(of(all), {}));
}

TEST_F(Configuration, NamesAWrongVariable) {
  for (const auto& [name, value] : variables{{"FLEETCAST_THREADS", "many"},
                                             {"FLEETCAST_FINGERPRINT", "SHA256:x"},
                                             {"FLEETCAST_LOG_LEVEL", "LOUD"},
                                             {"FLEETCAST_KNOWN_SERVERS", "known"},
                                             {"FLEETCAST_THREADS", "4 "},
                                             {"FLEETCAST_INTERFACE", std::string(300, 'x')},
                                             {"FLEETCAST_INJECT_LOSS", "91"},
                                             {"FLEETCAST_OFFLOADS", "foo"}}) {
    const variables all{{name, value}};
    const auto refused = read_configuration(of(all), {});
    ASSERT_FALSE(refused) << name;
    EXPECT_THAT(refused.error(), AllOf(HasSubstr(name + " is '"), HasSubstr(name + "=")));
  }
}

TEST_F(Configuration, RefusesAFileThatOthersCanWrite) {
  const auto file = write("c", "threads = 4\n");
  for (const mode_t mode : {0666U, 0664U}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    const auto refused = read_configuration(of({}), {file});
    ASSERT_FALSE(refused) << std::oct << mode;
    EXPECT_NE(refused.error().find("chmod go-w"), std::string::npos) << refused.error();
  }
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_TRUE(read_configuration(of({}), {file}));
}

TEST_F(Configuration, RefusesWhatCannotBeReadAndDoesNotWaitForIt) {
  const auto pipe = directory_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(read_configuration(of({}), {pipe}));
  EXPECT_FALSE(read_configuration(of({}), {directory_.path()}));
  EXPECT_FALSE(read_configuration(of({}), {"/dev/zero"}));
}

} // namespace
} // namespace configuration_test
} // namespace fleetcast::api
