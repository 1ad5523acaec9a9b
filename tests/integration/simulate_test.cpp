/// `fleetcast simulate` as people and scripts use it.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace fleetcast {
namespace simulate_test {
namespace {

struct result {
  std::string out; ///< standard output; with what is JSON nothing else, else standard error, too
  int code = -1;
};

result simulate(const std::string& arguments) {
  result r;
  // Progress goes to standard error, where the run takes long.
  const auto* streams = arguments.find("--json") == std::string::npos ? " 2>&1" : "";
  auto* pipe = popen((FLEETCAST_PROGRAM " simulate " + arguments + streams).c_str(), "r");
  if (pipe == nullptr)
    return r;
  std::array<char, 4096> buffer;
  while (const auto size = fread(buffer.data(), 1, buffer.size(), pipe))
    r.out.append(buffer.data(), size);
  const auto status = pclose(pipe);
  r.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return r;
}

TEST(Simulate, PrintsATableWithItsSeed) {
  const auto r = simulate("--receivers 5 --size 2M --loss 1 --seed 7");
  EXPECT_EQ(r.code, 0) << r.out;
  for (const auto* word : {"receivers", "loss-free", "x the object", "feedback", "seed"})
    EXPECT_NE(r.out.find(word), std::string::npos) << word << " in\n" << r.out;
  EXPECT_NE(r.out.find(" 7\n"), std::string::npos) << r.out;
}

TEST(Simulate, PrintsOneJsonObjectThatTheSeedAloneDecides) {
  const std::string arguments = "-n 20 -s 1M -p 2 -b 4 -w 2:10 -l 1:50 --rtt 5 --json --seed ";
  const auto first = simulate(arguments + "3");
  ASSERT_EQ(first.code, 0) << first.out;
  const auto j = nlohmann::json::parse(first.out);
  EXPECT_EQ(j.at("seed"), 3);
  EXPECT_EQ(j.at("receivers"), 20);
  EXPECT_EQ(j.at("object_bytes"), 1 << 20);
  EXPECT_TRUE(j.at("succeeded"));
  EXPECT_GT(j.at("sent_ratio"), 1.0);
  EXPECT_GT(j.at("time_ratio"), 1.0);
  ASSERT_EQ(j.at("cohorts").size(), 3U);
  EXPECT_EQ(j.at("cohorts")[0].at("receivers"), 18);
  EXPECT_TRUE(j.at("cohorts")[0].contains("delay_ratio"));
  EXPECT_EQ(j.at("cohorts")[1].at("receivers"), 2);
  EXPECT_EQ(j.at("cohorts")[2].at("receivers_succeeded"), 1);
  EXPECT_EQ(simulate(arguments + "3").out, first.out);
  EXPECT_NE(simulate(arguments + "4").out, first.out);
}

TEST(Simulate, SealingChangesNoFigure) {
  const std::string arguments = "-n 4 -s 1M -p 5 --json";
  EXPECT_EQ(simulate(arguments).out, simulate(arguments + " --sealed").out);
}

TEST(Simulate, SaysWhenNotEverybodyGotTheObject) {
  const auto r = simulate("-n 3 -s 4M --rate 10M --time-limit 0.5");
  EXPECT_EQ(r.code, 1);
  EXPECT_NE(r.out.find("not everybody"), std::string::npos) << r.out;
}

TEST(Simulate, RefusesWhatMakesNoSense) {
  for (const auto* arguments : {"--receivers 0",
                                "--receivers 100001",
                                "--size tiny",
                                "--size 2T",
                                "--loss 96",
                                "--loss -1",
                                "--loss nan",
                                "--rtt -1",
                                "--worse 5",
                                "--worse 0:5",
                                "--worse 5:",
                                "--worse 5:5x",
                                "-n 10 --worse 11:5",
                                "--late 5:-1",
                                "-n 100000 --late 1:50",
                                "--rate-policy warp",
                                "--rate 10M --rate-policy adaptive",
                                "--tcp 1",
                                "--queue much --bottleneck 10M",
                                "--burst 0",
                                "--cache 1",
                                "--time-limit 0",
                                "--seed x",
                                "surplus"}) {
    const auto r = simulate(arguments);
    EXPECT_EQ(r.code, 2) << arguments << "\n" << r.out;
    EXPECT_FALSE(r.out.empty()) << arguments;
  }
}

TEST(Simulate, SharesABottleneckWithTcp) {
  const auto r
    = simulate("-n 3 -s 20M --rate-policy tcp-friendly --bottleneck 20M --rtt 20 --tcp 1 "
               "--json");
  ASSERT_EQ(r.code, 0) << r.out;
  const auto j = nlohmann::json::parse(r.out);
  EXPECT_GT(j.at("tcp_bits_per_second"), 1e6);
  EXPECT_GT(j.at("passed_bits_per_second"), 1e6);
}

// -- fleets and sessions --------------------------------------------------------------------------

TEST(Simulate, RunsFleetsThatTheirSeedsDecide) {
  const auto first = simulate("fleet --schedules 20 --seed 5 --json");
  ASSERT_EQ(first.code, 0) << first.out;
  const auto j = nlohmann::json::parse(first.out);
  EXPECT_EQ(j.at("schedules"), 20);
  EXPECT_EQ(j.at("seed"), 5);
  EXPECT_EQ(j.at("succeeded"), true);
  EXPECT_TRUE(j.at("violations").empty());
  EXPECT_GT(j.at("hosts_succeeded"), 0);
  EXPECT_EQ(simulate("fleet --schedules 20 --seed 5 --json").out, first.out);
  EXPECT_NE(simulate("fleet --schedules 20 --seed 6 --json").out, first.out);
}

TEST(Simulate, GivesEveryFleetWhatIsAskedFor) {
  const auto calm = simulate(
    "fleet --schedules 3 -n 50 --loss 0 --repeats 0 --failures 0 --cuts 0 --partitions 0 "
    "--agent-restarts 0 --coordinator-restarts 0 --json");
  ASSERT_EQ(calm.code, 0) << calm.out;
  EXPECT_EQ(nlohmann::json::parse(calm.out).at("hosts"), 150);
}

TEST(Simulate, RunsSessionsThatTheirSeedsDecide) {
  const auto first = simulate("session --schedules 200 --json");
  ASSERT_EQ(first.code, 0) << first.out;
  const auto j = nlohmann::json::parse(first.out);
  EXPECT_EQ(j.at("schedules"), 200);
  EXPECT_GT(j.at("receipts"), 0);
  EXPECT_LE(j.at("receipts_noted"), j.at("receipts"));
  EXPECT_EQ(simulate("session --schedules 200 --json").out, first.out);
  const auto refused = simulate("session --schedules 200 --refusals 100 --json");
  ASSERT_EQ(refused.code, 0) << refused.out;
  EXPECT_EQ(nlohmann::json::parse(refused.out).at("receipts"), 0);
}

TEST(Simulate, PrintsATableOfSchedules) {
  for (const auto* kind : {"fleet", "session"}) {
    const auto r = simulate(std::string{kind} + " --schedules 5 --seed 7");
    EXPECT_EQ(r.code, 0) << r.out;
    EXPECT_NE(r.out.find("5, 0 failed"), std::string::npos) << r.out;
    EXPECT_NE(r.out.find("first seed       7\n"), std::string::npos) << r.out;
  }
}

TEST(Simulate, RefusesFleetsAndSessionsThatMakeNoSense) {
  for (const auto* arguments :
       {"fleet --hosts 0", "fleet --hosts 1001", "fleet --schedules 0", "fleet --loss 96",
        "fleet --cuts -1", "fleet --cuts 0.001", "fleet --seed x", "fleet surplus",
        "fleet --receivers 5", "--receivers 5 fleet", "session --breaks 101", "session --hosts 5",
        "session --schedules 1.5", "flet"}) {
    const auto r = simulate(arguments);
    EXPECT_EQ(r.code, 2) << arguments << "\n" << r.out;
    EXPECT_FALSE(r.out.empty()) << arguments;
  }
}

TEST(Simulate, ShowsHelpWithExamples) {
  const auto r = simulate("--help");
  EXPECT_EQ(r.code, 0);
  EXPECT_NE(r.out.find("Examples:"), std::string::npos);
}

TEST(Simulate, EndsCleanlyOnCtrlC) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  // Inherited, so that the signal is pending from before the program's first instruction to when it listens.
  sigset_t interrupt;
  sigset_t before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  const auto child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    std::signal(SIGINT, SIG_DFL); // whatever a script that runs us in the background has ignored
    // Long enough for any machine: it is to be stopped.
    execl(FLEETCAST_PROGRAM, FLEETCAST_PROGRAM, "simulate", "-n", "2000", "--size", "10G",
          static_cast<char*>(nullptr));
    _exit(127);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(ends[1]);
  kill(child, SIGINT);
  std::string text;
  std::array<char, 256> buffer;
  for (ssize_t size = 0; (size = read(ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(size));
  close(ends[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << text;
  EXPECT_EQ(WEXITSTATUS(status), 130) << text;
  EXPECT_NE(text.find("stopped after"), std::string::npos) << text;
}

} // namespace
} // namespace simulate_test
} // namespace fleetcast
