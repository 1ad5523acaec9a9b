// Fleetcast's C API as C++ objects: what is opened is closed, what fails throws.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <fleetcast_ext.h>
#include <wdstci.h>

namespace fleetcast {

class error : public std::runtime_error {
public:
  error(const std::string& what, DWORD code)
    : std::runtime_error(what + ": " + FleetcastErrorText(code)),
      code_(code) {}

  DWORD code() const noexcept { return code_; }

private:
  DWORD code_;
};

inline void check(const char* call, DWORD code) {
  if (code != ERROR_SUCCESS)
    throw error{std::string{call} + " failed", code};
}

/// The library is up while one of these lives. Make it first: everything else needs it.
class library {
public:
  library() { check("WdsTransportClientInitialize", WdsTransportClientInitialize()); }
  ~library() { WdsTransportClientShutdown(); }

  library(const library&) = delete;
  library& operator=(const library&) = delete;
};

/// What a session tells. Everything is called on the session's own thread, one call after another, and
/// may not throw.
class consumer {
public:
  virtual void started(std::uint64_t size) noexcept = 0;

  /// For each block session::complete() is owed, now or later. The bytes go when this returns,
  /// unless a kept_block keeps them.
  virtual void received(void* bytes, std::uint32_t size, std::uint64_t offset) noexcept = 0;

  virtual void completed(DWORD code) noexcept = 0;

protected:
  ~consumer() = default;
};

/// One object on its way. The destructor cancels what still runs and waits for its last callback, so
/// the consumer has to live longer than the session.
class session {
public:
  session(const std::wstring& server, const std::wstring& name_space, const std::wstring& object,
          std::uint32_t cache_bytes, consumer& consumer) {
    WDS_TRANSPORTCLIENT_REQUEST request{};
    request.ulLength = sizeof(request);
    request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
    request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
    request.pwszServer = server.c_str();
    request.pwszNamespace = name_space.c_str();
    request.pwszObjectName = object.c_str();
    request.ulCacheSize = cache_bytes;
    request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
    check("WdsTransportClientInitializeSession",
          WdsTransportClientInitializeSession(&request, &consumer, &key_));
    try {
      add(WDS_TRANSPORTCLIENT_SESSION_START, &session::on_start);
      add(WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, &session::on_contents);
      add(WDS_TRANSPORTCLIENT_SESSION_COMPLETE, &session::on_complete);
    } catch (...) {
      WdsTransportClientCloseSession(key_); // no destructor runs for what was never whole
      throw;
    }
  }

  ~session() {
    stop();
    WdsTransportClientCloseSession(key_);
  }

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void start() {
    check("WdsTransportClientStartSession", WdsTransportClientStartSession(key_));
    started_ = true;
  }

  /// From any thread, also inside a callback; does not wait. Nothing happens when it is over.
  void cancel(DWORD code = ERROR_CANCELLED) noexcept {
    WdsTransportClientCancelSessionEx(key_, code);
  }

  /// Cancels what still runs and returns after the last callback.
  void stop() noexcept {
    if (!started_)
      return;
    cancel();
    WdsTransportClientWaitForCompletion(key_, INFINITE);
  }

  /// From any thread.
  void complete(std::uint32_t size, std::uint64_t offset) noexcept {
    ULARGE_INTEGER at;
    at.QuadPart = offset;
    WdsTransportClientCompleteReceive(key_, size, &at);
  }

  /// True: it is over, and the last callback has returned.
  bool wait(std::uint32_t milliseconds) {
    auto answer = WdsTransportClientWaitForCompletion(key_, milliseconds);
    if (answer == WAIT_TIMEOUT)
      return false;
    check("WdsTransportClientWaitForCompletion", answer);
    return true;
  }

  /// Throws with the whole story unless the session has succeeded.
  void check_success() const {
    ULONG status = 0;
    ULONG code = ERROR_SUCCESS;
    check("WdsTransportClientQueryStatus", WdsTransportClientQueryStatus(key_, &status, &code));
    if (status != WDS_TRANSPORTCLIENT_STATUS_SUCCESS)
      throw error{story(), code};
  }

  FLEETCAST_SESSION_STATISTICS statistics() const {
    FLEETCAST_SESSION_STATISTICS figures{};
    figures.ulLength = sizeof(figures);
    check("FleetcastGetSessionStatistics", FleetcastGetSessionStatistics(key_, &figures));
    return figures;
  }

private:
  template <class Function>
  void add(TRANSPORTCLIENT_CALLBACK_ID id, Function* function) {
    check("WdsTransportClientRegisterCallback",
          WdsTransportClientRegisterCallback(key_, id, reinterpret_cast<PVOID>(function)));
  }

  std::string story() const {
    ULONG needed = 0;
    FleetcastGetSessionError(key_, nullptr, 0, &needed);
    std::string text(needed, '\0');
    if (FleetcastGetSessionError(key_, text.data(), needed, nullptr) != ERROR_SUCCESS)
      return "the session failed";
    text.resize(text.find('\0'));
    return text;
  }

  static VOID CALLBACK on_start(HANDLE, PVOID data, PULARGE_INTEGER size) {
    static_cast<consumer*>(data)->started(size->QuadPart);
  }
  static VOID CALLBACK on_contents(HANDLE, PVOID data, PVOID bytes, ULONG size,
                                   PULARGE_INTEGER offset) {
    static_cast<consumer*>(data)->received(bytes, size, offset->QuadPart);
  }
  static VOID CALLBACK on_complete(HANDLE, PVOID data, DWORD code) {
    static_cast<consumer*>(data)->completed(code);
  }

  HANDLE key_ = nullptr;
  bool started_ = false;
};

/// A delivered block that stays in memory, where it was delivered, while this lives: nothing is
/// copied. To be made inside consumer::received(), and to go before the library does.
class kept_block {
public:
  kept_block(void* bytes, std::uint32_t size, std::uint64_t offset)
    : bytes_(bytes),
      size_(size),
      offset_(offset) {
    check("WdsTransportClientAddRefBuffer", WdsTransportClientAddRefBuffer(bytes));
  }
  ~kept_block() {
    if (bytes_ != nullptr)
      WdsTransportClientReleaseBuffer(bytes_);
  }

  kept_block(kept_block&& other) noexcept
    : bytes_(other.bytes_),
      size_(other.size_),
      offset_(other.offset_) {
    other.bytes_ = nullptr;
  }
  kept_block& operator=(kept_block&&) = delete;

  const char* bytes() const noexcept { return static_cast<const char*>(bytes_); }
  std::uint32_t size() const noexcept { return size_; }
  std::uint64_t offset() const noexcept { return offset_; }

private:
  void* bytes_;
  std::uint32_t size_;
  std::uint64_t offset_;
};

} // namespace fleetcast
