#include "apps/fleetcast/agent/kept_jobs.hpp"
#include "tests/support/sample_job.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace fleetcast::apps {
namespace kept_jobs_test {
namespace {

namespace fs = std::filesystem;

using protocol::fleet::job_request;
using protocol::fleet::sample_request;

class KeptJobs : public ::testing::Test {
protected:
  std::vector<std::string> ids() {
    std::vector<std::string> result;
    for (const auto& request : opened()->kept())
      result.push_back(request.job);
    return result;
  }

  std::shared_ptr<kept_jobs> opened() const {
    auto result = kept_jobs::open(place());
    if (!result)
      throw std::runtime_error{result.error().text};
    return *std::move(result);
  }

  fs::path place() const { return directory_.path() / "state" / "agent-jobs"; }

  actors::testing::temporary_directory directory_;
};

TEST_F(KeptJobs, AreThereForTheNextAgentAsTheyWereAskedFor) {
  auto request = sample_request();
  request.interface = "eth1";
  request.fingerprint = "SHA256:abc";
  request.authenticate = request.together = true;
  EXPECT_FALSE(opened()->keep(request));
  EXPECT_EQ(opened()->kept(), std::vector<job_request>{request});
  struct stat info {};
  ASSERT_EQ(::stat((place() / "job-1.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(KeptJobs, AreGoneOnceTheyAreOver) {
  {
    const auto jobs = opened();
    EXPECT_FALSE(jobs->keep(sample_request("a")));
    EXPECT_FALSE(jobs->keep(sample_request("b")));
    jobs->drop("a");
    jobs->drop("never-kept");
  }
  EXPECT_EQ(ids(), std::vector<std::string>{"b"});
}

TEST_F(KeptJobs, MayBeKeptTwiceAndReplaced) {
  const auto jobs = opened();
  EXPECT_FALSE(jobs->keep(sample_request()));
  EXPECT_FALSE(jobs->keep(sample_request()));
  auto another = sample_request();
  another.object = "another.img";
  EXPECT_FALSE(jobs->keep(another));
  EXPECT_EQ(jobs->kept(), std::vector<job_request>{another});
}

TEST_F(KeptJobs, AreOneAgentsOnly) {
  const auto jobs = opened();
  const auto second = kept_jobs::open(place());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text.find("another agent"), std::string::npos) << second.error().text;
}

/// Only this user can write there, but a full disk, an editor or another program may have left anything.
TEST_F(KeptJobs, LeaveAloneWhatIsNoRecord) {
  ASSERT_FALSE(opened()->keep(sample_request("good")));
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream{place() / name} << text;
    fs::permissions(place() / name, fs::perms::owner_read | fs::perms::owner_write);
  };
  put("torn.json", "{\"job\": \"torn\", \"server\"");
  put("empty.json", "");
  put("list.json", "[1, 2]");
  put("kinds.json", R"({"job": 1, "server": "s"})");
  put("large.json", std::string(1 << 20, ' '));
  put("other.txt", "{}");
  std::ifstream record{place() / "good.json"};
  const std::string text{std::istreambuf_iterator<char>{record}, {}};
  put("renamed.json", text);
  auto senseless = text;
  senseless.replace(senseless.find("5040"), 4, "0");
  put("good2.json", senseless);
  fs::create_symlink("good.json", place() / "link.json");
  put("open.json", text);
  fs::permissions(place() / "open.json", fs::perms::all);
  EXPECT_EQ(ids(), std::vector<std::string>{"good"});
  EXPECT_TRUE(fs::exists(place() / "torn.json"));
}

TEST_F(KeptJobs, SayWhyTheyCannotBeKept) {
  const auto jobs = opened();
  fs::remove(place());
  const auto refused = jobs->keep(sample_request());
  EXPECT_NE(refused.text.find("cannot keep the job"), std::string::npos) << refused.text;
  EXPECT_NE(refused.text.find("agent-jobs"), std::string::npos) << refused.text;
  fs::remove_all(directory_.path() / "state");
  std::ofstream{directory_.path() / "state"} << "no directory";
  const auto made = kept_jobs::open(place());
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text.find("agent-jobs"), std::string::npos) << made.error().text;
}

} // namespace
} // namespace kept_jobs_test
} // namespace fleetcast::apps
