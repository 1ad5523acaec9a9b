#include "api_test.hpp"
#include "tests/support/proves.hpp"

extern "C" int c_program_runs_a_cycle(void);
extern "C" DWORD c_program_calls_everything(void);

namespace fleetcast::conformance {

// layout_checks.h has the same checks for C, and those of the constants; both compilers must agree.
static_assert(sizeof(ULONG) == 4 && sizeof(DWORD) == 4 && sizeof(HANDLE) == 8);
static_assert(sizeof(ULARGE_INTEGER) == 8 && alignof(ULARGE_INTEGER) == 8);
static_assert(sizeof(WDS_TRANSPORTCLIENT_REQUEST) == 64);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, ulLength) == 0);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, ulApiVersion) == 4);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, ulAuthLevel) == 8);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, pwszServer) == 16);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, pwszNamespace) == 24);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, pwszObjectName) == 32);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, ulCacheSize) == 40);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, ulProtocol) == 44);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, pvProtocolData) == 48);
static_assert(offsetof(WDS_TRANSPORTCLIENT_REQUEST, ulProtocolDataLength) == 56);
static_assert(sizeof(TRANSPORTCLIENT_SESSION_INFO) == 24);
static_assert(offsetof(TRANSPORTCLIENT_SESSION_INFO, ullFileSize) == 8);
static_assert(offsetof(TRANSPORTCLIENT_SESSION_INFO, ulBlockSize) == 16);
static_assert(sizeof(WDS_TRANSPORTCLIENT_CALLBACKS) == 48);
static_assert(sizeof(TRANSPORTCLIENT_CALLBACK_ID) == 4);
static_assert(WDS_TRANSPORTCLIENT_MAX_CALLBACKS == 6);
static_assert(sizeof(FLEETCAST_CONFIG) == 80 && sizeof(FLEETCAST_SESSION_STATISTICS) == 160);

using CallsFromC = scripted_test;

TEST_F(CallsFromC, RunTheDocumentedSequence) {
  EXPECT_EQ(c_program_runs_a_cycle(), 0);
}

TEST_F(CallsFromC, AreAllRefusedBeforeInitialize) {
  proves("R-INIT-4 CODE-21");
  EXPECT_EQ(c_program_calls_everything(), DWORD{ERROR_NOT_READY});
  EXPECT_EQ(play_->opened(), 0U);
}

} // namespace fleetcast::conformance
