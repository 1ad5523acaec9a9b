#include "apps/fleetcast/fleet/job_record.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace fleetcast::apps {
namespace job_record_test {
namespace {

job_record a_record(const std::string& id) {
  job_record record;
  record.request.job = id;
  record.request.server = "server";
  record.request.port = 5040;
  record.request.name_space = "lab";
  record.request.object = "a.img";
  record.request.destination = "a.img";
  record.hosts = {{"a", 1}, {"b", 2}};
  return record;
}

TEST(JobRecord, IsAnotherJobWithAnotherObjectDestinationHostsOrOptions) {
  const auto known = a_record("nightly");
  EXPECT_EQ(difference(known, known), "");
  auto asked = known;
  std::swap(asked.hosts[0], asked.hosts[1]);
  EXPECT_EQ(difference(known, asked), "") << "in another order";
  asked.request.object = "b.img";
  EXPECT_NE(difference(known, asked).find("server:5040/lab/b.img"), std::string::npos);
  asked = known;
  asked.request.destination = "c.img";
  EXPECT_NE(difference(known, asked).find("destination"), std::string::npos);
  asked = known;
  asked.hosts.push_back({"c", 3});
  EXPECT_EQ(difference(known, asked), "the hosts (2 then, 3 now)");
  asked = known;
  asked.hosts[0].port = 7;
  EXPECT_NE(difference(known, asked), "");
  asked = known;
  asked.request.together = true;
  EXPECT_EQ(difference(known, asked), "its options");
}

TEST(JobRecord, KnowsHowAJobEnded) {
  actors::testing::temporary_directory directory;
  EXPECT_FALSE(load_end("nightly", directory.path()));
  ASSERT_TRUE(note_end("nightly", {false, 1'700'000'000}, directory.path()));
  EXPECT_FALSE(load_end("nightly", directory.path())->succeeded);
  ASSERT_TRUE(note_end("nightly", {true, 1'700'000'001}, directory.path())) << "tried again";
  const auto end = load_end("nightly", directory.path());
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->succeeded);
  EXPECT_EQ(end->at, 1'700'000'001);
  for (const auto* text : {"", "{", "{\"succeeded\": 1, \"at\": 2}", "{\"succeeded\": true}"}) {
    std::ofstream{directory.path() / "nightly.end", std::ios::trunc} << text;
    EXPECT_FALSE(load_end("nightly", directory.path())) << text;
  }
}

TEST(JobRecord, AreListedAndOtherFilesAreNot) {
  actors::testing::temporary_directory directory;
  EXPECT_TRUE(load_jobs(directory.path() / "none").empty());
  ASSERT_TRUE(save(a_record("one"), directory.path()));
  ASSERT_TRUE(save(a_record("two"), directory.path()));
  ASSERT_TRUE(note_end("two", {true, 1}, directory.path()));
  std::ofstream{directory.path() / "garbage.json"} << "{";
  std::ofstream{directory.path() / "notes.txt"} << "x";
  const auto jobs = load_jobs(directory.path());
  ASSERT_EQ(jobs.size(), 2U);
  for (const auto& job : jobs)
    EXPECT_EQ(job.end.has_value(), job.record.request.job == "two");
}

} // namespace
} // namespace job_record_test
} // namespace fleetcast::apps
