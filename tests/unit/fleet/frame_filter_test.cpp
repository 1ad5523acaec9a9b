#include "actors/fleet/frame_filter.hpp"
#include "tests/support/basp_frames.hpp"
#include "tests/support/fleet_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors::fleet {
namespace frame_filter_test {
namespace {

using actors::testing::basp::answer;
using actors::testing::basp::bytes;
using actors::testing::basp::down;
using actors::testing::basp::frame;
using actors::testing::basp::hello_of_agent;
using actors::testing::basp::hello_of_coordinator;
using actors::testing::basp::made_node;
using actors::testing::basp::message;
using actors::testing::basp::monitor;
using actors::testing::basp::note;
using actors::testing::basp::plain_message;
using actors::testing::basp::request;
using actors::testing::basp::serialized;
using actors::testing::basp::operator+;
using basp::operation;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::sample_request;

constexpr std::uint64_t published = 7; ///< the agent's actor
constexpr std::uint64_t asker = 21;    ///< the coordinator's
constexpr std::uint64_t helper = 9;    ///< of CAF's own

constexpr std::uint64_t job_number = 4;

class FrameFilter : public ::testing::Test {
protected:
  const basp::node_id coordinator = made_node(1);
  const basp::node_id agent = made_node(2);
  const basp::node_id alias = made_node(3);

  caf::actor_system& system() { return system_.get(); }

  void begin(link_role own) {
    own_ = own;
    tally_ = std::make_shared<frame_tally>();
    filter_ = std::make_unique<frame_filter>(own, alias, tally_);
  }

  /// With its handshakes done, and one question of `asker` without an answer.
  void open(link_role own) {
    begin(own);
    ASSERT_TRUE(passes_from(link_role::coordinator, hello_of_coordinator(coordinator)));
    ASSERT_TRUE(passes_from(link_role::agent, hello_of_agent(system(), agent, published)));
    ASSERT_TRUE(passes_from(link_role::coordinator, hello_of_coordinator(coordinator, true)));
    ASSERT_TRUE(
      passes_from(link_role::coordinator, request(job_number, asker, published, start())));
  }

  /// The frame as it comes out at the other side; empty: it does not.
  bytes out_from(link_role who, const bytes& in) {
    bytes out;
    if (who == own_)
      filter_->send(in, now_, out);
    else
      filter_->receive(in, now_, out);
    return out;
  }

  bool passes_from(link_role who, const bytes& in) {
    return !out_from(who, in).empty() && !filter_->ended();
  }

  bool drops_from(link_role who, const bytes& in) {
    return out_from(who, in).empty() && !filter_->ended();
  }

  std::optional<frame_end> end_by(link_role who, const bytes& in) {
    EXPECT_TRUE(out_from(who, in).empty());
    return filter_->ended();
  }

  /// What an agent knows the coordinator by in frames that come from its own CAF, and the reverse.
  basp::node_id as_seen_by(link_role who, const basp::node_id& other) const {
    return who == own_ ? alias : other;
  }

  bytes start() { return message(system(), caf::atom("start"), sample_request()); }
  bytes report(const std::string& job = "job-1") {
    job_report result;
    result.job = job;
    result.reason = "disk full";
    return message(system(), result);
  }
  bytes state() { return message(system(), job_state{{}, sample_request()}); }
  bytes error() { return message(system(), caf::make_error(caf::sec::unexpected_message)); }

  actors::testing::basp::serializing_system system_;
  link_role own_ = link_role::coordinator;
  std::shared_ptr<frame_tally> tally_;
  std::unique_ptr<frame_filter> filter_;
  protocol::timestamp now_ = seconds(1000);
};

/// At both ends, since both judge what goes and what comes.
class FrameFilterAtBothEnds : public FrameFilter, public ::testing::WithParamInterface<link_role> {
protected:
  void begin_here() { begin(GetParam()); }
  void open_here() { open(GetParam()); }

  static constexpr auto c = link_role::coordinator;
  static constexpr auto a = link_role::agent;
};

INSTANTIATE_TEST_SUITE_P(At, FrameFilterAtBothEnds,
                         ::testing::Values(link_role::coordinator, link_role::agent),
                         [](const auto& of) {
                           return of.param == link_role::agent ? "Agent" : "Coordinator";
                         });

// -- what passes ----------------------------------------------------------------------------------

TEST_P(FrameFilterAtBothEnds, LetsEveryFrameOfTheListThrough) {
  open_here();
  const bytes heartbeat = frame{};
  EXPECT_TRUE(passes_from(c, monitor(coordinator, as_seen_by(c, agent), published)));
  EXPECT_TRUE(passes_from(a, monitor(agent, as_seen_by(a, coordinator), asker)));
  EXPECT_TRUE(passes_from(a, answer(job_number, published, asker, report())));
  EXPECT_TRUE(passes_from(a, note(published, asker, report())));
  std::uint64_t number = 100;
  for (const auto what : {caf::atom("retry"), caf::atom("commit"), caf::atom("cancel")}) {
    EXPECT_TRUE(passes_from(
      c, request(++number, asker, published, message(system(), what, std::string{"job-1"}))));
    EXPECT_TRUE(passes_from(a, answer(number, published, asker, report())));
  }
  EXPECT_TRUE(passes_from(
    c, request(1, asker, published, message(system(), caf::atom("watch"), std::string{"job-1"}))));
  EXPECT_TRUE(passes_from(a, answer(1, published, asker, state())));
  EXPECT_TRUE(passes_from(c, request(2, asker, published, start())));
  EXPECT_TRUE(passes_from(a, answer(2, published, asker, error())));
  EXPECT_TRUE(passes_from(c, heartbeat));
  EXPECT_TRUE(passes_from(a, heartbeat));
  EXPECT_TRUE(passes_from(c, down(system(), coordinator, as_seen_by(c, agent), asker)));
  EXPECT_TRUE(passes_from(a, down(system(), agent, as_seen_by(a, coordinator), published)));
  EXPECT_EQ(filter_->buffered(), 0U);
}

TEST_P(FrameFilterAtBothEnds, LetsAnAnswerOfCafItselfThroughForAnActorThatIsGone) {
  open_here();
  EXPECT_TRUE(passes_from(a, answer(job_number, 0, asker, error())));
  open_here();
  EXPECT_EQ(end_by(a, answer(job_number, 0, asker, report())), frame_end::address);
}

TEST_P(FrameFilterAtBothEnds, TakesBytesInAnyPieces) {
  begin_here();
  const auto feed = [&](link_role who, const bytes& all) {
    bytes out;
    for (const auto byte : all) {
      const auto more = out_from(who, {byte});
      out.insert(out.end(), more.begin(), more.end());
    }
    return out.size() == all.size();
  };
  EXPECT_TRUE(feed(c, hello_of_coordinator(coordinator)));
  EXPECT_TRUE(feed(a, hello_of_agent(system(), agent, published)));
  EXPECT_TRUE(feed(c, bytes{hello_of_coordinator(coordinator, true)} + bytes{frame{}}
                        + bytes{request(1, asker, published, start())}));
  EXPECT_TRUE(feed(a, bytes{answer(1, published, asker, report())} + bytes{frame{}}));
}

// -- node ids -------------------------------------------------------------------------------------

TEST_F(FrameFilter, ShowsThePeerUnderTheAliasOfTheLinkAndSpeaksToItUnderItsOwn) {
  open(link_role::coordinator);
  const auto in = out_from(link_role::agent, monitor(agent, coordinator, asker));
  EXPECT_EQ(in, bytes{monitor(alias, coordinator, asker)});
  const auto out = out_from(link_role::coordinator, monitor(coordinator, alias, published));
  EXPECT_EQ(out, bytes{monitor(coordinator, agent, published)});
  EXPECT_EQ(out_from(link_role::agent, down(system(), agent, coordinator, published)),
            bytes{down(system(), alias, coordinator, published)});
  EXPECT_EQ(out_from(link_role::coordinator, down(system(), coordinator, alias, asker)),
            bytes{down(system(), coordinator, agent, asker)});
}

TEST_F(FrameFilter, ShowsHandshakesUnderTheAlias) {
  begin(link_role::coordinator);
  EXPECT_EQ(out_from(link_role::coordinator, hello_of_coordinator(coordinator)),
            bytes{hello_of_coordinator(coordinator)});
  EXPECT_EQ(out_from(link_role::agent, hello_of_agent(system(), agent, published)),
            bytes{hello_of_agent(system(), alias, published)});
  begin(link_role::agent);
  EXPECT_EQ(out_from(link_role::coordinator, hello_of_coordinator(coordinator)),
            bytes{hello_of_coordinator(alias)});
}

TEST_F(FrameFilter, TakesAPeerWithTheNodeIdOfThisProcess) {
  begin(link_role::coordinator);
  ASSERT_TRUE(passes_from(link_role::coordinator, hello_of_coordinator(coordinator)));
  EXPECT_EQ(out_from(link_role::agent, hello_of_agent(system(), coordinator, published)),
            bytes{hello_of_agent(system(), alias, published)});
}

TEST_P(FrameFilterAtBothEnds, EndsALinkThatNamesAnotherNodeThanItsHandshake) {
  const auto other = made_node(8);
  const auto known = [&](link_role who) { return as_seen_by(who, who == c ? agent : coordinator); };
  for (const auto& [who, wrong] :
       std::vector<std::pair<link_role, bytes>>{{a, monitor(other, known(a), asker)},
                                                {a, monitor(agent, other, asker)},
                                                {a, down(system(), other, known(a), published)},
                                                {c, monitor(other, known(c), published)},
                                                {c, monitor(coordinator, other, published)},
                                                {c, down(system(), coordinator, other, asker)}}) {
    open_here();
    EXPECT_EQ(end_by(who, wrong), frame_end::node);
  }
  begin_here();
  ASSERT_TRUE(passes_from(c, hello_of_coordinator(coordinator)));
  ASSERT_TRUE(passes_from(a, hello_of_agent(system(), agent, published)));
  EXPECT_EQ(end_by(c, hello_of_coordinator(other, true)), frame_end::node);
}

// -- what is dropped ------------------------------------------------------------------------------

TEST_P(FrameFilterAtBothEnds, DropsWhatPeersWithoutAFilterSayOnTop) {
  open_here();
  for (const auto who : {c, a}) {
    const auto& own = who == c ? coordinator : agent;
    const auto peer = as_seen_by(who, who == c ? agent : coordinator);
    EXPECT_TRUE(drops_from(who, actors::testing::basp::utility_question(system(), helper)));
    EXPECT_TRUE(drops_from(who, actors::testing::basp::utility_answer(system(), helper)));
    EXPECT_TRUE(drops_from(who, monitor(own, peer, 1)));
    EXPECT_TRUE(drops_from(who, monitor(own, peer, helper)));
    EXPECT_TRUE(drops_from(who, down(system(), own, peer, helper)));
  }
  EXPECT_EQ(tally_->of(frame_drop::utility), 4U);
  EXPECT_EQ(tally_->of(frame_drop::stranger), 6U);
}

TEST_P(FrameFilterAtBothEnds, DropsReportsBeyondEightASecondOfEachJob) {
  open_here();
  const auto flood = [&](const std::string& job, int count) {
    int passed = 0;
    for (int i = 0; i < count; ++i)
      passed += passes_from(a, note(published, asker, report(job))) ? 1 : 0;
    return passed;
  };
  EXPECT_EQ(flood("job-1", 100), 16); // two seconds' worth at once
  EXPECT_EQ(flood("job-2", 3), 3);
  now_ += milliseconds(999);
  EXPECT_EQ(flood("job-1", 100), 7);
  now_ += seconds(60);
  EXPECT_EQ(flood("job-1", 100), 16);
  EXPECT_FALSE(filter_->ended());
}

TEST_P(FrameFilterAtBothEnds, CountsTheReportsOfABoundedNumberOfJobs) {
  open_here();
  for (std::size_t i = 0; i < frame_filter::max_jobs; ++i)
    EXPECT_TRUE(passes_from(a, note(published, asker, report(std::to_string(i)))));
  EXPECT_TRUE(drops_from(a, note(published, asker, report("one more"))));
  now_ += seconds(3);
  EXPECT_TRUE(passes_from(a, note(published, asker, report("one more"))));
}

TEST_P(FrameFilterAtBothEnds, DropsHeartbeatsBeyondFourASecond) {
  open_here();
  int passed = 0;
  for (int i = 0; i < 100; ++i)
    passed += passes_from(a, frame{}) ? 1 : 0;
  EXPECT_EQ(passed, 8);
  now_ += seconds(1);
  for (int i = 0; i < 100; ++i)
    passed += passes_from(a, frame{}) ? 1 : 0;
  EXPECT_EQ(passed, 12);
  EXPECT_TRUE(passes_from(c, frame{})); // each end by itself
  EXPECT_EQ(tally_->of(frame_drop::heartbeats), 188U);
}

// -- what ends the link ---------------------------------------------------------------------------

struct refusal {
  const char* what;
  link_role from;
  bytes frame;
  frame_end why;
};

TEST_P(FrameFilterAtBothEnds, EndsALinkForAnythingElse) {
  using caf::atom;
  const std::string job = "job-1";
  open_here();
  auto staged = start();
  staged.front() = 1;
  auto long_count = report();
  long_count.erase(long_count.begin());
  long_count.insert(long_count.begin(), {0x80, 0x00});
  auto numbered = report();
  numbered[2] = 1;
  auto context_text = error();
  context_text.back() ^= 1U;
  auto context_number = error();
  context_number[context_number.size() - 5] = 1; // low byte of what precedes "\3@<>"
  const auto context = message(system(), caf::make_error(caf::sec::unexpected_message, job));
  const auto routed = [&](const bytes& what) {
    return bytes{
      frame{operation::routed,
            0,
            plain_message + 9,
            asker,
            published,
            actors::testing::basp::of(coordinator) + actors::testing::basp::of(agent) + what,
            {}}};
  };
  const std::vector<refusal> all{
    {"zero bytes", a, bytes(32, 0), frame_end::header},
    {"zero bytes", c, bytes(32, 0), frame_end::header},
    {"a handshake again", a, hello_of_agent(system(), agent, published), frame_end::order},
    {"a handshake again", c, hello_of_coordinator(coordinator), frame_end::order},
    {"a selection again", c, hello_of_coordinator(coordinator, true), frame_end::order},
    {"a coordinator's handshake of an agent", a, hello_of_coordinator(agent), frame_end::order},
    {"an agent's handshake of a coordinator", c, hello_of_agent(system(), agent, published),
     frame_end::order},
    {"a frame to forward", a, routed(start()), frame_end::header},
    {"a frame to forward", c, routed(start()), frame_end::header},
    {"no such operation", a, frame{static_cast<operation>(7), 0, 0, 0, 0, {}, {}},
     frame_end::header},
    {"a flag", c, frame{operation::direct, 4, plain_message + 9, asker, published, start(), {}},
     frame_end::header},
    {"a flag", a, frame{operation::heartbeat, 1, 0, 0, 0, {}, {}}, frame_end::header},
    {"a heartbeat with a payload", a, frame{operation::heartbeat, 0, 0, 0, 0, {0}, {}},
     frame_end::length},
    {"no payload", c, frame{operation::direct, 0, plain_message + 9, asker, published, {}, {}},
     frame_end::length},
    {"another name", c,
     frame{operation::direct,
           1,
           plain_message,
           helper,
           basp::atom("ConfigServ"),
           message(system(), atom("get"), std::string{"x"}),
           {}},
     frame_end::content},
    {"another question to SpawnServ", c,
     frame{operation::direct,
           1,
           plain_message,
           helper,
           basp::atom("SpawnServ"),
           message(system(), atom("spawn"), std::string{"x"}),
           {}},
     frame_end::content},
    {"a question to SpawnServ with a tail", c,
     frame{operation::direct,
           1,
           plain_message,
           helper,
           basp::atom("SpawnServ"),
           message(system(), atom("sys"), atom("get"), std::string{"info"}) + bytes{0},
           {}},
     frame_end::content},

    {"stop", a, note(published, asker, message(system(), atom("stop"))), frame_end::content},
    {"tick", a, note(published, asker, message(system(), atom("tick"))), frame_end::content},
    {"view", a, request(9, published, asker, message(system(), atom("view"))), frame_end::content},
    {"stop", c, note(asker, published, message(system(), atom("stop"))), frame_end::content},
    {"status", c, request(9, asker, published, message(system(), atom("status"))),
     frame_end::content},
    {"a start of an agent", a, request(9, published, asker, start()), frame_end::content},
    {"a report of a coordinator", c, note(asker, published, report()), frame_end::content},
    {"a start without a number", c, note(asker, published, start()), frame_end::content},
    {"an urgent start", c, frame{operation::direct, 0, 9, asker, published, start(), {}},
     frame_end::content},
    {"a numbered report", a, request(9, published, asker, report()), frame_end::content},
    {"a link", c, note(asker, published, message(system(), atom("link"), caf::strong_actor_ptr{})),
     frame_end::content},
    {"an exit", c,
     note(asker, published, message(system(), caf::exit_msg{{}, caf::exit_reason::kill})),
     frame_end::content},
    {"a down message", a,
     note(published, asker, message(system(), caf::down_msg{{}, caf::exit_reason::kill})),
     frame_end::content},
    {"stages", c, request(9, asker, published, staged), frame_end::content},
    {"a tail", c, request(9, asker, published, start() + bytes{0}), frame_end::content},
    {"a tail", a, note(published, asker, report() + bytes{0}), frame_end::content},
    {"a longer count", a, note(published, asker, long_count), frame_end::content},
    {"a numbered type", a, note(published, asker, numbered), frame_end::content},
    {"two reports", a, note(published, asker, message(system(), job_report{}, job_report{})),
     frame_end::content},
    {"start with text", c, request(9, asker, published, message(system(), atom("start"), job)),
     frame_end::content},
    {"cancel with a request", c,
     request(9, asker, published, message(system(), atom("cancel"), sample_request())),
     frame_end::content},

    {"a request to another", c, request(9, asker, published + 1, start()), frame_end::address},
    {"a request of nobody", c, request(9, 0, published, start()), frame_end::address},
    {"a report to another", a, note(published, asker + 1, report()), frame_end::address},
    {"a report of another", a, note(published + 1, asker, report()), frame_end::address},
    {"an answer of another", a, answer(job_number, helper, asker, report()), frame_end::address},
    {"a number in use", c, request(job_number, asker, published, start()), frame_end::requests},

    {"an answer to nothing", a, answer(job_number + 1, published, asker, report()),
     frame_end::answer},
    {"an answer to another actor", a, answer(job_number, published, asker + 1, report()),
     frame_end::answer},
    {"a state for a report", a, answer(job_number, published, asker, state()), frame_end::content},
    {"an error with a context", a, answer(job_number, published, asker, context),
     frame_end::content},
    {"an error with another context", a, answer(job_number, published, asker, context_text),
     frame_end::content},
    {"an error with a numbered context", a, answer(job_number, published, asker, context_number),
     frame_end::content},
    {"an error that is none", a,
     answer(job_number, published, asker, message(system(), caf::error{})), frame_end::content},
  };
  for (const auto& each : all) {
    open_here();
    EXPECT_EQ(end_by(each.from, each.frame), each.why)
      << each.what << (each.from == c ? " of a coordinator" : " of an agent");
    EXPECT_EQ(tally_->of(each.why), 1U);
    EXPECT_NE(filter_->complaint(), "");
    // Over is over.
    EXPECT_TRUE(out_from(a, frame{}).empty());
    EXPECT_TRUE(out_from(c, frame{}).empty());
  }
}

TEST_P(FrameFilterAtBothEnds, WantsTheHandshakesFirst) {
  for (const bytes& early : std::vector<bytes>{frame{}, monitor(coordinator, agent, published),
                                               request(1, asker, published, start())}) {
    begin_here();
    EXPECT_EQ(end_by(c, early), frame_end::order);
    begin_here();
    ASSERT_TRUE(passes_from(a, hello_of_agent(system(), agent, published)));
    ASSERT_TRUE(passes_from(c, hello_of_coordinator(coordinator)));
    EXPECT_EQ(end_by(c, early), frame_end::order);
  }
  begin_here();
  EXPECT_EQ(end_by(a, note(published, asker, report())), frame_end::order);
  begin_here();
  EXPECT_EQ(end_by(c, hello_of_coordinator(coordinator, true)), frame_end::order);
}

TEST_P(FrameFilterAtBothEnds, WantsWholeHandshakes) {
  auto kind = hello_of_coordinator(coordinator);
  kind.payload[7] ^= 1U;
  auto version = hello_of_agent(system(), agent, published);
  version.data = 4;
  auto torn = hello_of_agent(system(), agent, published);
  torn.payload.pop_back();
  for (const auto& [who, wrong, why] : std::vector<std::tuple<link_role, bytes, frame_end>>{
         {c, frame{operation::client_handshake, 0, 0, 0, 0, {}, {}}, frame_end::length},
         {c, kind, frame_end::content},
         {a, version, frame_end::header},
         {a, torn, frame_end::content},
         {a, hello_of_agent(system(), agent, 0), frame_end::content}}) {
    begin_here();
    EXPECT_EQ(end_by(who, wrong), why);
  }
}

TEST_P(FrameFilterAtBothEnds, RefusesALengthBeforeItKeepsAnyOfIt) {
  for (std::uint8_t what = 0; what < 16; ++what)
    for (const std::uint32_t length : {16U * 1024 + 1, 0xFFFF'FFFFU}) {
      frame huge;
      huge.what = static_cast<operation>(what);
      huge.data = what == 0 ? 3 : what == 2 ? plain_message + 9 : 0;
      huge.source = what == 2 || what == 5 ? asker : 0;
      huge.destination = what == 2 || what == 4 ? published : 0;
      huge.claimed_length = length;
      open_here();
      const auto why = end_by(c, huge);
      EXPECT_TRUE(why) << static_cast<int>(what);
      if (what < 7 && what != 3) {
        EXPECT_EQ(why, frame_end::length) << static_cast<int>(what);
      }
      EXPECT_LE(filter_->buffered(), basp::header_size);
    }
}

// -- questions and answers ------------------------------------------------------------------------

TEST_P(FrameFilterAtBothEnds, TakesOneAnswerToEachQuestion) {
  open_here();
  EXPECT_TRUE(passes_from(a, answer(job_number, published, asker, report())));
  EXPECT_EQ(end_by(a, answer(job_number, published, asker, report())), frame_end::answer);
}

TEST_P(FrameFilterAtBothEnds, KnowsTheQuestionsOfItsOwnLinkOnly) {
  open_here();
  const auto other = std::move(filter_);
  open_here();
  ASSERT_TRUE(passes_from(c, request(55, asker, published, start())));
  bytes out;
  const bytes stolen = answer(55, published, asker, report());
  EXPECT_FALSE(own_ == a ? other->send(stolen, now_, out) : other->receive(stolen, now_, out));
  EXPECT_EQ(other->ended(), frame_end::answer);
  EXPECT_TRUE(passes_from(a, stolen));
}

TEST_P(FrameFilterAtBothEnds, TellsTheQuestionsOfTwoActorsApart) {
  open_here();
  ASSERT_TRUE(passes_from(c, request(job_number, asker + 1, published, start())));
  EXPECT_TRUE(passes_from(a, answer(job_number, published, asker + 1, report())));
  EXPECT_TRUE(passes_from(a, answer(job_number, published, asker, report())));
}

TEST_P(FrameFilterAtBothEnds, BoundsQuestionsWithoutAnAnswer) {
  open_here();
  for (std::uint64_t i = 1; i < frame_filter::max_open; ++i)
    ASSERT_TRUE(passes_from(c, request(100 + i, asker, published, start())));
  EXPECT_EQ(end_by(c, request(99, asker, published, start())), frame_end::requests);
}

TEST_P(FrameFilterAtBothEnds, BoundsThoseWhoAsk) {
  open_here();
  for (std::uint64_t i = 1; i < frame_filter::max_askers; ++i) {
    ASSERT_TRUE(passes_from(c, request(1, asker + i, published, start())));
    ASSERT_TRUE(passes_from(a, answer(1, published, asker + i, report())));
  }
  EXPECT_TRUE(passes_from(c, request(1, asker, published, start())));
  EXPECT_EQ(end_by(c, request(1, 5000, published, start())), frame_end::requests);
}

TEST(BaspFrame, PacksAtomsAsCafDoes) {
  for (const char* name : {"start", "retry", "commit", "cancel", "watch", "sys", "get", "SpawnServ",
                           "ConfigServ", "default", "A0_z9"})
    EXPECT_EQ(basp::atom(name), static_cast<std::uint64_t>(caf::atom_from_string(name))) << name;
}

TEST(FrameTally, NamesEveryReason) {
  for (std::size_t i = 0; i < frame_tally::drops; ++i)
    EXPECT_NE(label(static_cast<frame_drop>(i)), "");
  for (std::size_t i = 0; i < frame_tally::ends; ++i) {
    EXPECT_NE(label(static_cast<frame_end>(i)), "");
    EXPECT_NE(sentence(static_cast<frame_end>(i)), "");
  }
}

} // namespace
} // namespace frame_filter_test
} // namespace fleetcast::actors::fleet
