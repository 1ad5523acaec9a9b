// What a session's end is told as: codes and sentences.
#include "api/error_codes.hpp"
#include "api/wdsmcerr.h"
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <ostream>
#include <set>
#include <string_view>
#include <utility>

namespace fleetcast::conformance {

using Errors = api_test;

std::string story_of(HANDLE key) {
  ULONG needed = 0;
  if (FleetcastGetSessionError(key, nullptr, 0, &needed) != ERROR_INSUFFICIENT_BUFFER)
    return "no story";
  std::string text(needed, '?');
  EXPECT_EQ(FleetcastGetSessionError(key, text.data(), needed, &needed), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(text.back(), '\0');
  text.pop_back();
  return text;
}

struct mapped_failure {
  actors::failure_code from;
  DWORD to;

  friend void PrintTo(const mapped_failure& f, std::ostream* out) { *out << f.to; }
};

using code = actors::failure_code;

/// Every way a session can end badly, and the code it ends with.
constexpr mapped_failure all_failures[] = {
  {code::cancelled, 1223},
  {code::internal, 31},
  {code::no_memory, 8},
  {code::invalid_request, 13},
  {code::unsupported_version, 1306},
  {code::namespace_unknown, 3},
  {code::object_not_found, 2},
  {code::invalid_name, 123},
  {code::access_denied, 5},
  {code::not_authenticated, 1244},
  {code::server_busy, 54},
  {code::name_unresolved, 53},
  {code::connection_refused, 1225},
  {code::network_unreachable, 1231},
  {code::host_unreachable, 1232},
  {code::connect_timeout, 121},
  {code::handshake_failed, 1229},
  {code::identity_changed, 1397},
  {code::connection_lost, 1726},
  {code::sender_silent, 1460},
  {code::transmission_ended, 995},
  {code::kicked_fallback, 1226},
  {code::kicked_abort, 1236},
  {code::object_changed, 1006},
  {code::read_fault, 30},
  {code::write_fault, 29},
  {code::disk_full, 112},
  {code::content_corrupt, 23},
  {code::signature_invalid, 577},
  {code::network_fault, 59},
  {code::trust_store_fault, 110},
  {code::invalid_argument, 87},
};

class SessionEnds : public Errors, public ::testing::WithParamInterface<mapped_failure> {};

TEST_P(SessionEnds, WithTheCodeOfItsFailure) {
  const auto [from, to] = GetParam();
  proves("C-CP-4 R-QRY-10 CODE-" + std::to_string(to));
  auto& program = make_consumer();
  prepare_and_start(program);
  // errno and the like in `detail` must not leak into the code; a cancel's own code is.
  const auto detail = from == code::cancelled ? 0U : 42U;
  play_->finish({from, detail, "while testing: it failed"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete " + std::to_string(to)});
  EXPECT_EQ(query(program.key), failed(to));
  EXPECT_EQ(story_of(program.key), "while testing: it failed");
  EXPECT_STRNE(FleetcastErrorText(to), "unknown error");
}

INSTANTIATE_TEST_SUITE_P(Each, SessionEnds, ::testing::ValuesIn(all_failures),
                         [](const auto& param) { return "Code" + std::to_string(param.param.to); });

TEST_F(Errors, EachFailureHasACodeOfItsOwn) {
  std::set<DWORD> codes;
  for (const auto& failure : all_failures)
    EXPECT_TRUE(codes.insert(failure.to).second) << failure.to;
  // Codes count up from 1: a new one must be entered above.
  EXPECT_EQ(std::size(all_failures), static_cast<std::size_t>(code::invalid_argument));
}

TEST_F(Errors, AServerThatWantsToKnowWhoAsksRefuses) {
  proves("W-ISES-8 CODE-1244");
  auto& program = make_consumer(); // asks with NO_AUTH
  prepare_and_start(program);
  play_->finish({code::not_authenticated, 0, "the server wants to know who asks"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 1244"});
}

TEST_F(Errors, AKickInTheMiddleSaysWhetherAnotherWayMayBeUsed) {
  proves("CODE-1226 CODE-1236");
  const mapped_failure kicks[] = {{code::kicked_fallback, 1226}, {code::kicked_abort, 1236}};
  std::size_t index = 0;
  for (const auto& kick : kicks) {
    auto& program = make_consumer();
    prepare_and_start(program);
    play_->start(8, 4, index);
    play_->deliver(0, "0123", index);
    play_->finish({kick.from, 0, "the server ended the session"}, index);
    ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(program.events(),
              (events{"start 8", "contents 0+4", "complete " + std::to_string(kick.to)}));
    ++index;
  }
}

TEST_F(Errors, ACancelFromElsewhereCarriesItsOwnCode) {
  proves("CODE-995");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->finish({code::cancelled, 995, "the operator said so"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), failed(995));
}

TEST_F(Errors, ThePublishedClientCodesHaveTheirNames) {
  const std::pair<DWORD, std::string_view> published[] = {
    {WDSTPC_E_CALLBACKS_NOT_REG, "WDSTPC_E_CALLBACKS_NOT_REG"},
    {WDSTPC_E_ALREADY_COMPLETED, "WDSTPC_E_ALREADY_COMPLETED"},
    {WDSTPC_E_ALREADY_IN_PROGRESS, "WDSTPC_E_ALREADY_IN_PROGRESS"},
    {WDSTPC_E_UNKNOWN_ERROR, "WDSTPC_E_UNKNOWN_ERROR"},
    {WDSTPC_E_NOT_INITIALIZED, "WDSTPC_E_NOT_INITIALIZED"},
    {WDSTPC_E_KICKED_POLICY_NOT_MET, "WDSTPC_E_KICKED_POLICY_NOT_MET"},
    {WDSTPC_E_KICKED_FALLBACK, "WDSTPC_E_KICKED_FALLBACK"},
    {WDSTPC_E_KICKED_FAIL, "WDSTPC_E_KICKED_FAIL"},
    {WDSTPC_E_KICKED_UNKNOWN, "WDSTPC_E_KICKED_UNKNOWN"},
    {WDSTPC_E_MULTISTREAM_NOT_ENABLED, "WDSTPC_E_MULTISTREAM_NOT_ENABLED"},
    {WDSTPC_E_ALREADY_IN_LOWEST_SESSION, "WDSTPC_E_ALREADY_IN_LOWEST_SESSION"},
    {WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED, "WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED"},
    {WDSTPC_E_NO_IP4_INTERFACE, "WDSTPC_E_NO_IP4_INTERFACE"},
  };
  for (const auto& [value, name] : published)
    EXPECT_TRUE(std::string_view{FleetcastErrorText(value)}.starts_with(name)) << name;
}

TEST_F(Errors, AFailureCodeFromTheFutureIsAGeneralFailure) {
  proves("CODE-31");
  EXPECT_EQ(api::to_win32({static_cast<code>(999), 0, ""}), DWORD{ERROR_GEN_FAILURE});
  EXPECT_STREQ(FleetcastErrorText(999999), "unknown error");
  EXPECT_STREQ(FleetcastErrorText(ERROR_CANCELLED), "ERROR_CANCELLED: the session was cancelled");
}

TEST_F(Errors, TheStoryIsEmptyUnlessTheSessionFailed) {
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(story_of(program.key), "");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(story_of(program.key), "");
}

TEST_F(Errors, TheStoryOfACancelNamesItsCode) {
  auto& program = make_consumer();
  prepare(program);
  ASSERT_EQ(WdsTransportClientCancelSessionEx(program.key, 4711), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_NE(story_of(program.key).find("4711"), std::string::npos);
}

TEST_F(Errors, TheStoryNeedsRoom) {
  proves("CODE-122");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->finish({code::read_fault, 5, "abc"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  char text[4] = {'x', 'x', 'x', 'x'};
  EXPECT_EQ(FleetcastGetSessionError(program.key, text, 3, nullptr),
            DWORD{ERROR_INSUFFICIENT_BUFFER});
  EXPECT_EQ(text[0], 'x');
  EXPECT_EQ(FleetcastGetSessionError(program.key, text, 4, nullptr), DWORD{ERROR_SUCCESS});
  EXPECT_STREQ(text, "abc");
  EXPECT_EQ(FleetcastGetSessionError(program.key, nullptr, 4, nullptr),
            DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(FleetcastGetSessionError(nullptr, text, 4, nullptr), DWORD{ERROR_INVALID_HANDLE});
}

} // namespace fleetcast::conformance
