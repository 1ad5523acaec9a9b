#include "actors/serve/content_lister.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace fleetcast::actors {
namespace content_lister_test {
namespace {

using protocol::wire::list_request;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string friend_of_lab = "SHA256:" + std::string(43, 'a');
const std::string stranger = "SHA256:" + std::string(43, 'b');

/// One object in each namespace.
class some_namespaces : public content_catalog {
public:
  explicit some_namespaces(std::vector<offered_namespace> names) : names_(std::move(names)) {}

  tl::expected<std::shared_ptr<content>, failure> open(std::string_view,
                                                       std::string_view) override {
    return tl::unexpected{failure{failure_code::object_not_found, 0, "none"}};
  }

  std::vector<offered_namespace> namespaces() const override { return names_; }

  tl::expected<protocol::wire::listing, failure>
  list(std::string_view name_space, std::string_view prefix, std::string_view cursor) override {
    for (const auto& one : names_)
      if (one.name == name_space && one.is_listable)
        return protocol::wire::listing{{{"secret", {}, 1, 2}}, ""};
    return content_catalog::list(name_space, prefix, cursor);
  }

private:
  std::vector<offered_namespace> names_;
};

class ContentLister : public ::testing::Test {
protected:
  ~ContentLister() override { caf::anon_send_exit(lister_, caf::exit_reason::user_shutdown); }

  void offer(std::vector<offered_namespace> names, const std::vector<std::string>& lists = {}) {
    offer_terms terms{std::make_shared<some_namespaces>(std::move(names)), nullptr};
    if (!lists.empty()) {
      auto made = authorization::make(lists, {"iso", "lab", "open"});
      ASSERT_TRUE(made) << made.error().text;
      terms.authorized = std::make_shared<authorization>(std::move(*made));
    }
    lister_ = system_.spawn(content_lister, std::make_shared<const actors::offer>(terms));
  }

  /// A list of clients.
  std::string only(const std::string& client) {
    const auto file = directory_.path() / "authorized";
    std::ofstream{file, std::ios::trunc} << client << "\n";
    EXPECT_EQ(::chmod(file.c_str(), 0644), 0);
    return file.string();
  }

  listed_content ask(const std::string& client, const list_request& what = {}) {
    listed_content result;
    probe_->request(lister_, std::chrono::seconds{20}, list_atom::value, what, client)
      .receive([&](const listed_content& answer) { result = answer; },
               [](const caf::error& error) { ADD_FAILURE() << caf::to_string(error); });
    return result;
  }

  static list_request in(const std::string& name_space) {
    list_request result;
    result.name_space = name_space;
    return result;
  }

  static std::vector<std::string> names(const listed_content& answer) {
    std::vector<std::string> result;
    for (const auto& one : answer.page.entries)
      result.push_back(one.name);
    return result;
  }

  testing::temporary_directory directory_;
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor probe_{system_};
  content_lister_actor lister_;
};

TEST_F(ContentLister, EverybodyLearnsTheNamespacesOfAnOpenServer) {
  offer({{"iso", false}, {"lab"}});
  const auto answer = ask("");
  EXPECT_FALSE(answer.reason);
  EXPECT_THAT(names(answer), ElementsAre("iso", "lab"));
  EXPECT_FALSE(answer.page.entries.at(0).is_listable);
  EXPECT_TRUE(answer.page.entries.at(1).is_listable);
  EXPECT_EQ(answer.page.entries.at(1).kind, protocol::wire::listed_kind::name_space);
}

TEST_F(ContentLister, AStrangerLearnsNoName) {
  list_request behind;
  behind.cursor = "a";
  offer({{"iso"}, {"lab"}}, {only(friend_of_lab)});
  EXPECT_THAT(names(ask(friend_of_lab)), ElementsAre("iso", "lab"));
  for (const auto& [client, code] : {std::pair{std::string{}, failure_code::not_authenticated},
                                     std::pair{stranger, failure_code::access_denied}}) {
    for (const auto& what : {list_request{}, behind, in("lab"), in("none")}) {
      const auto answer = ask(client, what);
      EXPECT_THAT(answer.page.entries, IsEmpty());
      EXPECT_THAT(answer.reason.text, Not(HasSubstr("iso")));
      EXPECT_THAT(answer.reason.text, Not(HasSubstr("secret")));
      EXPECT_EQ(answer.reason.code, what.cursor.empty() ? code : failure_code::none);
    }
  }
}

TEST_F(ContentLister, ANamespaceWithAListOfItsOwnIsThereForItsClientsOnly) {
  offer({{"lab"}, {"open"}}, {"lab=" + only(friend_of_lab)});
  EXPECT_THAT(names(ask("")), ElementsAre("open"));
  EXPECT_THAT(names(ask(stranger)), ElementsAre("open"));
  EXPECT_THAT(names(ask(friend_of_lab)), ElementsAre("lab", "open"));
  EXPECT_EQ(ask(stranger, in("lab")).reason.code, failure_code::access_denied);
  EXPECT_THAT(names(ask(friend_of_lab, in("lab"))), ElementsAre("secret"));
}

/// As soon as the operator has taken them off the list.
TEST_F(ContentLister, WhoIsAuthorizedNoLongerLearnsNothing) {
  offer({{"lab"}}, {only(friend_of_lab)});
  EXPECT_THAT(names(ask(friend_of_lab)), ElementsAre("lab"));
  only(stranger + " somebody else");
  EXPECT_EQ(ask(friend_of_lab, in("lab")).reason.code, failure_code::access_denied);
}

TEST_F(ContentLister, SaysOfANamespaceThatItCannotBeListed) {
  offer({{"iso", false}});
  const auto answer = ask("", in("iso"));
  EXPECT_EQ(answer.reason.code, failure_code::not_supported);
  EXPECT_THAT(answer.reason.text, HasSubstr("\"iso\""));
}

TEST_F(ContentLister, GivesManyNamespacesPageByPage) {
  std::vector<offered_namespace> many;
  std::vector<std::string> expected;
  for (int i = 1'000; i < 2'200; ++i) {
    many.push_back({std::to_string(i) + std::string(200, 'n')});
    expected.push_back(many.back().name);
  }
  offer(many);
  std::vector<std::string> found;
  list_request what;
  std::size_t pages = 0;
  do {
    const auto answer = ask("", what);
    for (const auto& name : names(answer))
      found.push_back(name);
    what.cursor = answer.page.next;
    ++pages;
  } while (!what.cursor.empty() && pages < 100);
  EXPECT_EQ(found, expected);
  EXPECT_GT(pages, 2U);
}

} // namespace
} // namespace content_lister_test
} // namespace fleetcast::actors
