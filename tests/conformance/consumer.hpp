/// A program that uses the API: six callbacks that write down what they were called with and then do what
/// the test hung on them.
#pragma once

#include "api/wdstci.h"
#include "scripted_engine.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fleetcast::conformance {

/// Lets a test hold a callback and let it go.
class gate {
public:
  void open() {
    std::lock_guard guard{mutex_};
    open_ = true;
    changed_.notify_all();
  }

  void pass() {
    std::unique_lock guard{mutex_};
    reached_ = true;
    changed_.notify_all();
    await(guard, "a gate to open", open_);
  }

  /// Until somebody stands before it.
  void await_arrival() {
    std::unique_lock guard{mutex_};
    await(guard, "somebody to reach a gate", reached_);
  }

private:
  void await(std::unique_lock<std::mutex>& guard, const char* what, const bool& flag) {
    if (!changed_.wait_for(guard, patience, [&] { return flag; }))
      throw std::runtime_error(std::string{"waited in vain for "} + what);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  bool reached_ = false;
};

struct contents {
  void* bytes = nullptr;
  ULONG size = 0;
  std::uint64_t offset = 0;
  std::string text;
};

/// Events read "start 5", "startex 5/4", "negotiate", "contents 0+4", "complete 1223".
class consumer {
public:
  HANDLE key = nullptr;

  // What the callbacks do besides; set before the session starts.
  std::function<void()> on_start;
  std::function<void()> on_start_ex;
  std::function<void(HANDLE)> on_negotiate;
  std::function<void(const contents&)> on_metadata;
  std::function<void(const contents&)> on_contents;
  std::function<void(DWORD)> on_complete;

  std::vector<std::string> events() const {
    std::lock_guard guard{mutex_};
    return events_;
  }

  std::vector<contents> blocks() const {
    std::lock_guard guard{mutex_};
    return blocks_;
  }

  void await_event(const std::string& event) {
    std::unique_lock guard{mutex_};
    auto seen = [&] { return std::find(events_.begin(), events_.end(), event) != events_.end(); };
    if (!changed_.wait_for(guard, patience, seen))
      throw std::runtime_error("waited in vain for the event " + event);
  }

  /// Until the end, whatever it is.
  void await_completion() {
    std::unique_lock guard{mutex_};
    auto over = [&] { return !events_.empty() && events_.back().starts_with("complete "); };
    if (!changed_.wait_for(guard, patience, over))
      throw std::runtime_error("waited in vain for the end");
  }

  std::thread::id thread() const {
    std::lock_guard guard{mutex_};
    return thread_;
  }

  /// Keys and caller data were right in every callback so far.
  bool well_called() const {
    std::lock_guard guard{mutex_};
    return well_called_;
  }

  /// Registers the three required callbacks, and the optional ones if `all`.
  DWORD register_callbacks(bool all = false) {
    auto add = [this](TRANSPORTCLIENT_CALLBACK_ID id, auto* function) {
      return WdsTransportClientRegisterCallback(key, id, reinterpret_cast<PVOID>(function));
    };
    DWORD result = add(WDS_TRANSPORTCLIENT_SESSION_START, start)
                   | add(WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, receive)
                   | add(WDS_TRANSPORTCLIENT_SESSION_COMPLETE, complete);
    if (all)
      result |= add(WDS_TRANSPORTCLIENT_RECEIVE_METADATA, metadata)
                | add(WDS_TRANSPORTCLIENT_SESSION_STARTEX, start_ex)
                | add(WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE, negotiate);
    return result;
  }

  static VOID CALLBACK start(HANDLE key, PVOID data, PULARGE_INTEGER size) {
    auto* self = of(key, data);
    self->note("start " + std::to_string(size->QuadPart));
    self->run(self->on_start);
  }

  static VOID CALLBACK start_ex(HANDLE key, PVOID data, PTRANSPORTCLIENT_SESSION_INFO info) {
    auto* self = of(key, data);
    self->note("startex " + std::to_string(info->ullFileSize.QuadPart) + "/"
               + std::to_string(info->ulBlockSize) + "/" + std::to_string(info->ulStructureLength));
    self->run(self->on_start_ex);
  }

  static VOID CALLBACK negotiate(HANDLE key, PVOID data, PTRANSPORTCLIENT_SESSION_INFO,
                                 HANDLE negotiate_key) {
    auto* self = of(key, data);
    self->note("negotiate");
    self->run(self->on_negotiate, negotiate_key);
  }

  static VOID CALLBACK metadata(HANDLE key, PVOID data, PVOID bytes, ULONG size) {
    auto* self = of(key, data);
    contents block{bytes, size, 0, {static_cast<const char*>(bytes), size}};
    self->note("metadata " + block.text);
    self->run(self->on_metadata, block);
  }

  static VOID CALLBACK receive(HANDLE key, PVOID data, PVOID bytes, ULONG size,
                               PULARGE_INTEGER offset) {
    auto* self = of(key, data);
    contents block{bytes, size, offset->QuadPart, {static_cast<const char*>(bytes), size}};
    {
      std::lock_guard guard{self->mutex_};
      self->blocks_.push_back(block);
    }
    self->note("contents " + std::to_string(block.offset) + "+" + std::to_string(size));
    self->run(self->on_contents, block);
  }

  static VOID CALLBACK complete(HANDLE key, PVOID data, DWORD error) {
    auto* self = of(key, data);
    self->note("complete " + std::to_string(error));
    self->run(self->on_complete, error);
  }

private:
  static consumer* of(HANDLE key, PVOID data) {
    auto* self = static_cast<consumer*>(data);
    std::lock_guard guard{self->mutex_};
    self->well_called_ = self->well_called_ && key == self->key;
    return self;
  }

  void note(std::string event) {
    std::lock_guard guard{mutex_};
    thread_ = std::this_thread::get_id();
    events_.push_back(std::move(event));
    changed_.notify_all();
  }

  template <class Hook, class... Ts>
  static void run(const Hook& hook, const Ts&... arguments) {
    if (hook)
      hook(arguments...);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
  std::vector<contents> blocks_;
  std::thread::id thread_;
  bool well_called_ = true;
};

} // namespace fleetcast::conformance
