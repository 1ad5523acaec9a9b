#include "apps/common/reception.hpp"

#include "apps/common/wide_text.hpp"

#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

namespace fleetcast::apps {

namespace {

/// Of the cache, that blocks may take up while they wait to be written together: one part in so many.
constexpr ULONG waiting_share = 4;

} // namespace

std::optional<reception_request> make_request(const object_address& address, ULONG cache_bytes,
                                              bool authenticate) {
  auto server = to_wide(address.server);
  auto name_space = to_wide(address.name_space);
  auto object = to_wide(address.object);
  if (!server || !name_space || !object)
    return std::nullopt;
  return reception_request{*std::move(server), *std::move(name_space), *std::move(object),
                           cache_bytes,        authenticate,           0};
}

DWORD configure_library(const library_settings& settings) {
  auto given = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  FLEETCAST_CONFIG config{};
  config.ulLength = sizeof(config);
  config.pszInterface = given(settings.interface);
  config.pszFingerprint = given(settings.fingerprint);
  config.pszKnownServers = given(settings.known_servers);
  config.pfnLog = settings.log;
  config.pvLogContext = settings.log_context;
  // A person waits for this program, and may want to know for what. FLEETCAST_CONSOLE says otherwise.
  if (std::getenv("FLEETCAST_CONSOLE") == nullptr)
    config.ulConsole = FLEETCAST_CONSOLE_ON;
  return FleetcastConfigure(&config);
}

/// What the library calls; `data` is the reception.
struct reception::callbacks {
  static reception& of(PVOID data) { return *static_cast<reception*>(data); }

  static VOID CALLBACK start(HANDLE, PVOID, PULARGE_INTEGER) {
    // Required; start_ex says the same and more.
  }

  static VOID CALLBACK start_ex(HANDLE, PVOID data, PTRANSPORTCLIENT_SESSION_INFO info) {
    of(data).on_start(*info);
  }

  static VOID CALLBACK contents(HANDLE, PVOID data, PVOID bytes, ULONG size,
                                PULARGE_INTEGER offset) {
    of(data).on_contents(bytes, size, *offset);
  }

  static VOID CALLBACK complete(HANDLE, PVOID data, DWORD error) { of(data).on_complete(error); }

  /// On a thread of the session's own.
  static DWORD CALLBACK read_held(HANDLE, PVOID data, PVOID buffer, ULONG size,
                                  PULARGE_INTEGER offset) {
    const std::span into{static_cast<std::byte*>(buffer), size};
    return of(data).file_.read_held(offset->QuadPart, into) ? ERROR_SUCCESS : ERROR_READ_FAULT;
  }

  static VOID CALLBACK proven(HANDLE, PVOID data, ULONG size, PULARGE_INTEGER offset) {
    of(data).on_proven(size, *offset);
  }

  static DWORD register_all(HANDLE key) {
    const std::pair<TRANSPORTCLIENT_CALLBACK_ID, PVOID> all[] = {
      {WDS_TRANSPORTCLIENT_SESSION_START, reinterpret_cast<PVOID>(start)},
      {WDS_TRANSPORTCLIENT_SESSION_STARTEX, reinterpret_cast<PVOID>(start_ex)},
      {WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, reinterpret_cast<PVOID>(contents)},
      {WDS_TRANSPORTCLIENT_SESSION_COMPLETE, reinterpret_cast<PVOID>(complete)},
    };
    for (auto [id, function] : all)
      if (auto error = WdsTransportClientRegisterCallback(key, id, function);
          error != ERROR_SUCCESS)
        return error;
    return ERROR_SUCCESS;
  }
};

reception::reception(staged_file& file) : file_(file) {}

reception::~reception() {
  // The last Shutdown cancels and waits; the key goes with it.
  if (initialised_)
    (void)WdsTransportClientShutdown();
}

DWORD reception::start(const reception_request& request) {
  if (auto error = WdsTransportClientInitialize(); error != ERROR_SUCCESS)
    return error;
  initialised_ = true;
  WDS_TRANSPORTCLIENT_REQUEST session{};
  session.ulLength = sizeof(session);
  session.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
  session.ulAuthLevel
    = request.authenticate ? WDS_TRANSPORTCLIENT_AUTH : WDS_TRANSPORTCLIENT_NO_AUTH;
  session.pwszServer = request.server.c_str();
  session.pwszNamespace = request.name_space.c_str();
  session.pwszObjectName = request.object.c_str();
  session.ulCacheSize = request.cache_bytes;
  most_waiting_ = request.cache_bytes / waiting_share;
  session.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
  if (auto error = WdsTransportClientInitializeSession(&session, this, &key_);
      error != ERROR_SUCCESS)
    return error;
  if (auto error = callbacks::register_all(key_); error != ERROR_SUCCESS)
    return error;
  if (auto error = hold(); error != ERROR_SUCCESS)
    return error;
  if (auto error = FleetcastSetPatience(key_, request.patience); error != ERROR_SUCCESS)
    return error;
  return WdsTransportClientStartSession(key_);
}

DWORD reception::hold() {
  std::vector<FLEETCAST_BYTE_RANGE> ranges;
  for (const auto& span : file_.held())
    ranges.push_back({span.offset, span.size});
  FLEETCAST_HELD held{};
  held.ulLength = sizeof(held);
  held.ulRanges = static_cast<ULONG>(ranges.size());
  held.pRanges = ranges.data();
  held.pfnRead = callbacks::read_held;
  held.pfnProven = callbacks::proven;
  return FleetcastHold(key_, &held);
}

void reception::cancel(DWORD error) {
  (void)WdsTransportClientCancelSessionEx(key_, error);
}

FLEETCAST_SESSION_STATISTICS reception::statistics() const {
  FLEETCAST_SESSION_STATISTICS result{};
  result.ulLength = sizeof(result);
  (void)FleetcastGetSessionStatistics(key_, &result);
  return result;
}

void reception::confirm() {
  if (auto last = std::exchange(kept_back_, std::nullopt))
    complete(*last);
}

void reception::complete(const block& done) {
  ULARGE_INTEGER offset;
  offset.QuadPart = done.offset;
  (void)WdsTransportClientCompleteReceive(key_, done.size, &offset);
}

namespace {

/// What a call says that takes a buffer, its size, and where to put the size needed.
template <class Ask>
std::string text_of(Ask ask) {
  ULONG needed = 0;
  if (ask(nullptr, 0, &needed) != ERROR_INSUFFICIENT_BUFFER)
    return {};
  std::string text(needed, '\0');
  if (ask(text.data(), needed, nullptr) != ERROR_SUCCESS)
    return {};
  text.pop_back(); // its zero byte
  return text;
}

} // namespace

std::string reception::story() const {
  return text_of([this](char* buffer, ULONG size, PULONG needed) {
    return FleetcastGetSessionError(key_, buffer, size, needed);
  });
}

std::string reception::configuration_story() {
  return text_of(FleetcastGetConfigurationError);
}

void reception::on_start(const TRANSPORTCLIENT_SESSION_INFO& info) {
  object_bytes_ = info.ullFileSize.QuadPart;
  block_bytes_ = info.ulBlockSize;
  started_.store(true, std::memory_order_release);
  if (auto sized = file_.size(info.ullFileSize.QuadPart); !sized)
    return give_up(std::move(sized.error()));
  file_.keep_blocks(info.ulBlockSize);
  file_.bypass_page_cache();
}

void reception::on_contents(const void* bytes, ULONG size, ULARGE_INTEGER offset) {
  const std::span contents{static_cast<const std::byte*>(bytes), size};
  if (!run_.append(offset.QuadPart, contents)) {
    write_run();
    (void)run_.append(offset.QuadPart, contents); // an empty run takes any
  }
  received_bytes_ += size;
  if (!may_wait_for_more())
    write_run();
}

void reception::on_proven(ULONG size, ULARGE_INTEGER offset) {
  file_.proven(offset.QuadPart, size);
  received_bytes_ += size;
  proven_bytes_ += size;
  const block done{offset.QuadPart, size};
  if (is_whole())
    kept_back_ = done;
  else
    complete(done);
  if (!run_.empty() && !may_wait_for_more())
    write_run();
}

bool reception::may_wait_for_more() const noexcept {
  return received_bytes_ != object_bytes_ && !run_.full()
         && run_.bytes() + block_bytes_ <= most_waiting_;
}

void reception::write_run() {
  auto written = file_.write(run_.offset(), run_.blocks());
  if (written)
    written_bytes_ += run_.bytes();
  else
    give_up(std::move(written.error()));
  give_back_run(is_whole());
}

void reception::give_back_run(bool keep_last) {
  auto offset = run_.offset();
  const auto blocks = run_.blocks();
  for (const auto& each : blocks) {
    const block done{offset, static_cast<ULONG>(each.iov_len)};
    offset += each.iov_len;
    if (keep_last && &each == &blocks.back())
      kept_back_ = done;
    else
      complete(done);
  }
  run_.clear();
}

void reception::on_complete(DWORD error) {
  give_back_run(false); // what an end by failure leaves
  error_ = error;
  over_.set();
}

void reception::give_up(file_failure reason) {
  if (local_failure_)
    return;
  auto error = error_of(reason);
  local_failure_ = std::move(reason);
  cancel(error);
}

} // namespace fleetcast::apps
