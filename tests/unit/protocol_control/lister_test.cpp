#include "protocol/control/lister.hpp"
#include "protocol/wire/control_codec.hpp"
#include "tests/unit/wire/sample_messages.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol::control {
namespace lister_test {
namespace {

class ControlLister : public ::testing::Test {
protected:
  static lister::question question(std::string fingerprint = {}) {
    auto request = wire::samples::sample_list_request();
    request.cursor.clear();
    return {"server:5040", std::move(fingerprint), request};
  }

  static std::vector<std::byte> body_of(const wire::server_message& message) {
    const auto framed = wire::encode(message);
    return {framed.begin() + 4, framed.end()};
  }

  template <class Order>
  std::vector<Order> all(lister& one) {
    std::vector<Order> result;
    while (auto order = one.next_order())
      if (auto* found = std::get_if<Order>(&*order))
        result.push_back(*found);
    return result;
  }

  failure end_of(lister& one) {
    const auto reports = all<lister::closed>(one);
    EXPECT_EQ(reports.size(), 1U);
    return reports.size() == 1 ? reports[0].reason
                               : failure{failure_code::internal, 0, "no report"};
  }

  lister asking() {
    lister one{question()};
    one.on_ready("SHA256:the-server");
    one.on_verdict({});
    all<lister::receive>(one);
    return one;
  }

  /// The cursor of the next request.
  std::optional<std::string> asked(lister& one) {
    const auto sent = all<wire::client_message>(one);
    if (sent.size() != 1)
      return std::nullopt;
    return std::get<wire::list_request>(sent[0]).cursor;
  }
};

TEST_F(ControlLister, SendsNothingToAServerOfAnotherIdentity) {
  lister given{question("SHA256:another")};
  given.on_ready("SHA256:the-server");
  lister pinned{question()};
  pinned.on_ready("SHA256:the-server");
  EXPECT_EQ(all<lister::look_up>(pinned).size(), 1U);
  pinned.on_verdict({failure_code::identity_changed, 0, "another one is pinned"});
  for (auto* one : {&given, &pinned}) {
    std::size_t sent = 0;
    failure reason;
    while (auto order = one->next_order()) {
      sent += std::holds_alternative<wire::client_message>(*order) ? 1 : 0;
      if (auto* closed = std::get_if<lister::closed>(&*order))
        reason = closed->reason;
    }
    EXPECT_EQ(sent, 0U);
    EXPECT_EQ(reason.code, failure_code::identity_changed);
  }
}

TEST_F(ControlLister, AsksForEachPageOnceTheOneBeforeWasTaken) {
  lister one{question()};
  one.on_ready("SHA256:the-server");
  one.on_verdict({});
  EXPECT_EQ(asked(one), "");
  one.on_message(body_of(wire::listing{{{"a"}}, "1"}));
  EXPECT_EQ(all<wire::client_message>(one).size(), 0U);
  one.go_on();
  EXPECT_EQ(asked(one), "1");
  one.on_message(body_of(wire::listing{{}, "2"}));
  one.go_on();
  EXPECT_EQ(asked(one), "2");
  one.on_message(body_of(wire::listing{{{"b"}}, ""}));
  EXPECT_FALSE(end_of(one));
  one.go_on();
  EXPECT_EQ(all<wire::client_message>(one).size(), 0U) << "there is no more";
}

TEST_F(ControlLister, StopsWhenNobodyWantsMore) {
  auto one = asking();
  one.on_message(body_of(wire::listing{{{"a"}}, "1"}));
  one.stop();
  EXPECT_FALSE(end_of(one));
  one.on_broken({failure_code::connection_lost, 0, "reset"});
  EXPECT_EQ(all<lister::closed>(one).size(), 0U) << "reported twice";
}

/// As a server of the release before answers, word by word.
TEST_F(ControlLister, SaysThatAServerIsTooOld) {
  auto one = asking();
  one.on_message(body_of(wire::session_reject{
    {failure_code::invalid_request, 0,
     "reading a message of 96 bytes from the client: its kind, 4, is not known here"}}));
  const auto reason = end_of(one);
  EXPECT_EQ(reason.code, failure_code::unsupported_version);
  EXPECT_NE(reason.text.find("server:5040 is too old"), std::string::npos) << reason.text;
}

TEST_F(ControlLister, TellsWhyTheServerRefuses) {
  auto one = asking();
  one.on_message(body_of(wire::session_reject{{failure_code::access_denied, 0, "not for you"}}));
  const auto reason = end_of(one);
  EXPECT_EQ(reason.code, failure_code::access_denied);
  EXPECT_NE(reason.text.find("lab/images/deb: not for you"), std::string::npos) << reason.text;
}

TEST_F(ControlLister, WhatIsNoListEndsIt) {
  for (const auto& message : {wire::server_message{wire::receipt_noted{}},
                              wire::server_message{wire::samples::accept()}}) {
    auto one = asking();
    one.on_message(body_of(message));
    EXPECT_EQ(end_of(one).code, failure_code::connection_lost);
  }
  auto one = asking();
  one.on_message({});
  EXPECT_EQ(end_of(one).code, failure_code::invalid_request);
}

TEST_F(ControlLister, AConnectionThatBreaksIsNoEndOfTheList) {
  auto one = asking();
  one.on_message(body_of(wire::listing{{{"a"}}, "1"}));
  one.go_on();
  all<wire::listing>(one);
  one.on_broken({failure_code::connection_lost, 0, "reset"});
  EXPECT_EQ(end_of(one).code, failure_code::connection_lost);
}

TEST_F(ControlLister, GivesUpAListThatDoesNotEnd) {
  auto one = asking();
  std::size_t pages = 0;
  while (one.where() != lister::phase::closing && pages <= lister::max_pages) {
    one.on_message(body_of(wire::listing{{}, "again"}));
    one.go_on();
    ++pages;
    while (one.where() != lister::phase::closing && one.next_order())
      continue;
  }
  EXPECT_EQ(pages, lister::max_pages);
  EXPECT_EQ(end_of(one).code, failure_code::connection_lost);
}

} // namespace
} // namespace lister_test
} // namespace fleetcast::protocol::control
