// InitializeSession: what is accepted, what becomes of it.
#include "actors/messages/receiving.hpp"
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <cstddef>
#include <limits>

// In utf16.c, with the types of a program whose WCHAR has 16 bits.
extern "C" DWORD initialize_with_16_bits(const std::uint16_t* server,
                                         const std::uint16_t* name_space,
                                         const std::uint16_t* object, void* caller, HANDLE* key);

namespace fleetcast::conformance {

class InitializeSession : public api_test {
protected:
  using change = std::function<void(WDS_TRANSPORTCLIENT_REQUEST&)>;

  /// What a good request answers after `spoil`.
  DWORD answer_to(const change& spoil) {
    auto request = good_request();
    spoil(request);
    key_ = this; // anything but NULL
    return WdsTransportClientInitializeSession(&request, nullptr, &key_);
  }

  /// What the session manager is asked for.
  actors::receive_request launched(const change& spoil) {
    auto request = good_request();
    spoil(request);
    EXPECT_EQ(WdsTransportClientInitializeSession(&request, &program_, &program_.key),
              DWORD{ERROR_SUCCESS});
    EXPECT_EQ(program_.register_callbacks(), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientStartSession(program_.key), DWORD{ERROR_SUCCESS});
    auto index = launched_++;
    auto result = play_->request(index);
    play_->finish({}, index);
    EXPECT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
    return result;
  }

  HANDLE key_ = nullptr;
  consumer program_;
  std::size_t launched_ = 0;
};

TEST_F(InitializeSession, GivesEachSessionAKeyOfItsOwn) {
  proves("W-ISES-2 W-ISES-13");
  EXPECT_EQ(answer_to([](auto&) {}), DWORD{ERROR_SUCCESS});
  auto first = key_;
  EXPECT_EQ(answer_to([](auto&) {}), DWORD{ERROR_SUCCESS});
  EXPECT_NE(first, key_);
}

TEST_F(InitializeSession, NeverGivesNullOrMinusOneAndNullOnFailure) {
  proves("W-ISES-14 R-ISES-16");
  EXPECT_EQ(answer_to([](auto&) {}), DWORD{ERROR_SUCCESS});
  EXPECT_NE(key_, nullptr);
  EXPECT_NE(key_, INVALID_HANDLE_VALUE);
  EXPECT_NE(answer_to([](auto& request) { request.ulApiVersion = 2; }), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(key_, nullptr);
}

class InitializeSessionUtf16 : public InitializeSession {
protected:
  static const std::uint16_t* units(const char16_t* text) {
    return reinterpret_cast<const std::uint16_t*>(text);
  }

  DWORD answer_to_names(const char16_t* server, const char16_t* name_space,
                        const char16_t* object) {
    return initialize_with_16_bits(units(server), units(name_space), units(object), &program_,
                                   &program_.key);
  }
};

TEST_F(InitializeSessionUtf16, TakesTheNamesOfAProgramWhoseWcharHas16Bits) {
  EXPECT_EQ(answer_to_names(u"server:5041", u"bücher", u"𝄞.img"), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program_.register_callbacks(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientStartSession(program_.key), DWORD{ERROR_SUCCESS});
  const auto request = play_->request(0);
  play_->finish({}, 0);
  EXPECT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(request.server, "server");
  EXPECT_EQ(request.port, 5041);
  EXPECT_EQ(request.name_space, "b\xc3\xbc"
                                "cher");
  EXPECT_EQ(request.object, "\xf0\x9d\x84\x9e.img");
}

TEST_F(InitializeSessionUtf16, RefusesHalfASurrogatePairAndNoText) {
  const char16_t high[] = {u'a', 0xd834, 0};
  const char16_t low[] = {0xdd1e, u'a', 0};
  for (const auto* text : {high, low, static_cast<const char16_t*>(u"")})
    EXPECT_EQ(answer_to_names(u"server", u"lab", text), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(answer_to_names(u"server", nullptr, u"x"), DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(InitializeSession, StartsNothing) {
  proves("R-ISES-17 W-ISES-1");
  EXPECT_EQ(answer_to([](auto&) {}), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->opened(), 0U);
}

TEST_F(InitializeSession, RefusesNullPointers) {
  proves("R-ISES-18 CODE-87");
  auto request = good_request();
  EXPECT_EQ(WdsTransportClientInitializeSession(nullptr, nullptr, &key_),
            DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(WdsTransportClientInitializeSession(&request, nullptr, nullptr),
            DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(InitializeSession, ReadsNoFurtherThanTheLengthSays) {
  proves("R-ISES-18 W-ISES-4 CODE-24");
  EXPECT_EQ(answer_to([](auto& request) { request.ulLength = 59; }), DWORD{ERROR_BAD_LENGTH});
  EXPECT_EQ(answer_to([](auto& request) { request.ulLength = 0; }), DWORD{ERROR_BAD_LENGTH});
  EXPECT_EQ(answer_to([](auto& request) { request.ulLength = 60; }), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(answer_to([](auto& request) { request.ulLength = 4096; }), DWORD{ERROR_SUCCESS});
}

TEST_F(InitializeSession, RefusesOtherVersions) {
  proves("R-ISES-18 W-ISES-5 CODE-1306");
  for (ULONG version : {0U, 2U, std::numeric_limits<ULONG>::max()})
    EXPECT_EQ(answer_to([&](auto& request) { request.ulApiVersion = version; }),
              DWORD{ERROR_REVISION_MISMATCH});
}

TEST_F(InitializeSession, KnowsTwoAuthenticationLevels) {
  proves("R-ISES-18 W-ISES-6");
  for (ULONG level : {1U, 2U})
    EXPECT_EQ(answer_to([&](auto& request) { request.ulAuthLevel = level; }), DWORD{ERROR_SUCCESS});
  for (ULONG level : {0U, 3U})
    EXPECT_EQ(answer_to([&](auto& request) { request.ulAuthLevel = level; }),
              DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(InitializeSession, KnowsOneProtocol) {
  proves("R-ISES-18 W-ISES-9 CODE-50");
  for (ULONG protocol : {0U, 2U})
    EXPECT_EQ(answer_to([&](auto& request) { request.ulProtocol = protocol; }),
              DWORD{ERROR_NOT_SUPPORTED});
}

TEST_F(InitializeSession, WantsNoProtocolData) {
  proves("R-ISES-18 W-ISES-10");
  EXPECT_EQ(answer_to([&](auto& request) { request.pvProtocolData = &key_; }),
            DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(answer_to([&](auto& request) { request.ulProtocolDataLength = 1; }),
            DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(InitializeSession, RefusesMissingNames) {
  proves("R-ISES-18");
  for (auto field :
       {&WDS_TRANSPORTCLIENT_REQUEST::pwszServer, &WDS_TRANSPORTCLIENT_REQUEST::pwszNamespace,
        &WDS_TRANSPORTCLIENT_REQUEST::pwszObjectName})
    for (LPCWSTR name : {static_cast<LPCWSTR>(nullptr), L""})
      EXPECT_EQ(answer_to([&](auto& request) { request.*field = name; }),
                DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(InitializeSession, RefusesNamesThatAreNoUnicode) {
  const WCHAR surrogate[] = {L'a', static_cast<WCHAR>(0xd800), 0};
  const WCHAR beyond[] = {static_cast<WCHAR>(0x110000), 0};
  const WCHAR negative[] = {static_cast<WCHAR>(-1), 0};
  for (const auto* name : {surrogate, beyond, negative})
    EXPECT_EQ(answer_to([&](auto& request) { request.pwszObjectName = name; }),
              DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(InitializeSession, RefusesNamesTooLongForTheWire) {
  proves("CODE-123");
  std::wstring name_space(255, L'n');
  std::wstring object(4096, L'o');
  EXPECT_EQ(answer_to([&](auto& request) {
              request.pwszNamespace = name_space.c_str();
              request.pwszObjectName = object.c_str();
            }),
            DWORD{ERROR_SUCCESS});
  name_space += L'n';
  EXPECT_EQ(answer_to([&](auto& request) { request.pwszNamespace = name_space.c_str(); }),
            DWORD{ERROR_INVALID_NAME});
  // As many characters as bytes are allowed, but more bytes.
  std::wstring umlauts(4096, L'\u00e4');
  EXPECT_EQ(answer_to([&](auto& request) { request.pwszObjectName = umlauts.c_str(); }),
            DWORD{ERROR_INVALID_NAME});
}

TEST_F(InitializeSession, RefusesServersThatMakeNoSense) {
  for (LPCWSTR server : {L":5040", L"host:", L"host:0", L"host:65536", L"host:http", L"[::1",
                         L"[::1]5040", L"[]:1", L"ho[st"})
    EXPECT_EQ(answer_to([&](auto& request) { request.pwszServer = server; }),
              DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(InitializeSession, HandsOnHostAndPort) {
  auto request = launched([](auto& r) { r.pwszServer = L"[fe80::1%eth0]:6000"; });
  EXPECT_EQ(request.server, "fe80::1%eth0");
  EXPECT_EQ(request.port, 6000);
  request = launched([](auto& r) { r.pwszServer = L"server.example"; });
  EXPECT_EQ(request.server, "server.example");
  EXPECT_EQ(request.port, 5040);
}

TEST_F(InitializeSession, HandsTheObjectNameOnAsItIs) {
  proves("W-ISES-11");
  auto request = launched([](auto& r) {
    r.pwszNamespace = L"Gr\u00fcn";
    r.pwszObjectName = L"..\\a b/\U0001F4BE.img";
  });
  EXPECT_EQ(request.name_space, "Gr\xc3\xbcn");
  EXPECT_EQ(request.object, "..\\a b/\xf0\x9f\x92\xbe.img");
}

TEST_F(InitializeSession, HandsTheCacheSizeOn) {
  proves("W-ISES-12");
  EXPECT_EQ(launched([](auto& r) { r.ulCacheSize = 123456; }).cache_bytes, 123456U);
  EXPECT_EQ(launched([](auto& r) { r.ulCacheSize = WDS_TRANSPORTCLIENT_NO_CACHE; }).cache_bytes,
            0U);
}

TEST_F(InitializeSession, WithAuthTheServerMayLearnWhoAsks) {
  proves("W-ISES-7");
  FLEETCAST_CONFIG config{};
  config.ulLength = sizeof(config);
  config.pszIdentity = "/etc/fleetcast/identity";
  ASSERT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
  auto request = launched([](auto& r) { r.ulAuthLevel = WDS_TRANSPORTCLIENT_AUTH; });
  EXPECT_TRUE(request.authenticate);
  EXPECT_EQ(request.identity, "/etc/fleetcast/identity");
}

TEST_F(InitializeSession, WithNoAuthItDoesNot) {
  proves("W-ISES-8");
  EXPECT_FALSE(launched([](auto& r) { r.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH; }).authenticate);
}

TEST_F(InitializeSession, CopiesTheRequestAndItsStrings) {
  proves("W-ISES-14 R-ISES-15");
  auto request = std::make_unique<WDS_TRANSPORTCLIENT_REQUEST>(good_request());
  std::wstring object = L"disk.img";
  request->pwszObjectName = object.c_str();
  ASSERT_EQ(WdsTransportClientInitializeSession(request.get(), &program_, &program_.key),
            DWORD{ERROR_SUCCESS});
  request.reset();
  object.assign(8, L'x');
  ASSERT_EQ(program_.register_callbacks(), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->request().object, "disk.img");
  play_->finish();
  EXPECT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
}

TEST_F(InitializeSession, TakesTheSettingsOfTheProcessAsTheyAreThen) {
  FLEETCAST_CONFIG config{};
  config.ulLength = sizeof(config);
  config.pszInterface = "eth7";
  config.pszFingerprint = "SHA256:abc";
  config.pszKnownServers = "/etc/fleetcast/known_servers";
  ASSERT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
  prepare(program_);
  ASSERT_EQ(FleetcastConfigure(nullptr), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(program_.key), DWORD{ERROR_SUCCESS});
  auto request = play_->request();
  play_->finish();
  ASSERT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(request.interface, "eth7");
  EXPECT_EQ(request.fingerprint, "SHA256:abc");
  EXPECT_EQ(request.known_servers, "/etc/fleetcast/known_servers");
  launched_ = 1;
  EXPECT_EQ(launched([](auto&) {}).interface, "");
}

TEST_F(InitializeSession, ConfigureChecksWhatItIsGiven) {
  proves("CODE-24 CODE-87");
  FLEETCAST_CONFIG config{};
  config.ulLength = offsetof(FLEETCAST_CONFIG, pszIdentity) - 1;
  EXPECT_EQ(FleetcastConfigure(&config), DWORD{ERROR_BAD_LENGTH});
  config.ulLength = sizeof(config);
  config.ulWorkerThreads = 257;
  EXPECT_EQ(FleetcastConfigure(&config), DWORD{ERROR_INVALID_PARAMETER});
  config.ulWorkerThreads = 0;
  config.ulLogLevel = FLEETCAST_LOG_DEBUG + 1;
  EXPECT_EQ(FleetcastConfigure(&config), DWORD{ERROR_INVALID_PARAMETER});
}

} // namespace fleetcast::conformance
