/// What the actor's tests (fleet/agent_test.cpp) do not reach: runs of before, and the order of things.
#include "protocol/fleet/job_book.hpp"
#include "tests/support/sample_job.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fleetcast::protocol::fleet {
namespace job_book_test {
namespace {

using verb = job_book::verb;

std::vector<verb> orders(job_book& book) {
  std::vector<verb> result;
  while (const auto order = book.next_order())
    result.push_back(order->what);
  return result;
}

job_phase phase(const job_book& book, const std::string& id = "job-1") {
  return phase_of(book.report_of(id).phase);
}

constexpr timestamp now = seconds(100);

TEST(JobBook, BeginsOneRunForAJobHoweverOftenItIsAskedFor) {
  job_book book{{}};
  EXPECT_FALSE(book.on_start(sample_request()));
  EXPECT_FALSE(book.on_start(sample_request()));
  EXPECT_EQ(orders(book), std::vector<verb>{verb::begin});
  EXPECT_EQ(phase(book), job_phase::connecting);
  EXPECT_TRUE(book.validate());
}

TEST(JobBook, HearsNothingOfARunThatWasBefore) {
  job_book book{{}};
  book.on_start(sample_request());
  const auto first = book.next_order()->run;
  book.on_news(first, job_phase::failed, {}, {failure_code::disk_full, 0, "full"}, now);
  book.on_end(first, {}, now);
  book.on_retry("job-1");
  book.on_news(first, job_phase::done, {}, {}, now);
  book.on_end(first, {failure_code::internal, 0, "died"}, now);
  EXPECT_EQ(phase(book), job_phase::connecting);
}

TEST(JobBook, DoesNotRetryWhatIsDoneOrStillEnding) {
  job_book book{{}};
  book.on_start(sample_request());
  const auto run = book.next_order()->run;
  book.on_news(run, job_phase::failed, {}, {failure_code::disk_full, 0, "full"}, now);
  orders(book);
  book.on_retry("job-1"); // its run has not ended
  EXPECT_EQ(orders(book), std::vector<verb>{});
  book.on_end(run, {}, now);
  book.on_retry("job-1");
  EXPECT_EQ(orders(book), std::vector<verb>{verb::begin});
}

TEST(JobBook, LetsOnlyAStagedFileTakeItsName) {
  job_book book{{}};
  book.on_start(sample_request());
  const auto run = book.next_order()->run;
  book.on_commit("job-1");
  EXPECT_EQ(orders(book), std::vector<verb>{});
  book.on_news(run, job_phase::staged, {}, {}, now);
  book.on_commit("job-1");
  EXPECT_EQ(orders(book), (std::vector<verb>{verb::tell, verb::commit}));
}

TEST(JobBook, NamesTheJobThatTheIdBelongsTo) {
  job_book book{{}};
  book.on_start(sample_request());
  auto another = sample_request();
  another.destination = "other.img";
  const auto refusal = book.on_start(another);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(phase_of(refusal->phase), job_phase::failed);
  EXPECT_NE(refusal->reason.find("disk.img"), std::string::npos);
}

TEST(JobBook, SaysOfARunThatEndedWithoutAWordWhyItFailed) {
  job_book book{{}};
  book.on_start(sample_request());
  book.on_end(book.next_order()->run, {failure_code::internal, 0, "died"}, now);
  EXPECT_EQ(phase(book), job_phase::failed);
  EXPECT_EQ(book.report_of("job-1").reason, "died");
}

TEST(JobBook, SuspendsItsRunsWhenItStops) {
  job_book book{{}};
  book.on_start(sample_request());
  const auto run = book.next_order()->run;
  book.on_news(run, job_phase::receiving, {}, {}, now);
  orders(book);
  book.stop();
  EXPECT_EQ(orders(book), std::vector<verb>{verb::suspend});
  book.on_end(run, {failure_code::internal, 0, "died"}, now);
  EXPECT_EQ(orders(book), std::vector<verb>{}) << "nobody hears that it is over";
  EXPECT_EQ(phase(book), job_phase::receiving);
  EXPECT_EQ(book.running(), 1U);
}

TEST(JobBook, TellsOfARunThatIsDoneWhileItStops) {
  job_book book{{}};
  book.on_start(sample_request());
  const auto run = book.next_order()->run;
  book.stop();
  orders(book);
  book.on_news(run, job_phase::done, {}, {}, now);
  EXPECT_EQ(orders(book), std::vector<verb>{verb::tell});
  EXPECT_EQ(phase(book), job_phase::done);
}

} // namespace
} // namespace job_book_test
} // namespace fleetcast::protocol::fleet
