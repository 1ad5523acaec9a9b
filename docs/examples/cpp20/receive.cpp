// Receives one object into a file: a whole program in C++20 that embeds Fleetcast.
//
//     receive SERVER NAMESPACE OBJECT FILE
//     receive server:5040 lab debian.img /var/tmp/debian.img
//
// Blocks come on a thread of the library, are written by a thread of ours and then given back from
// there. SIGINT and SIGTERM cancel; what was received goes then.
#include "block_writer.hpp"
#include "fleetcast.hpp"
#include "part_file.hpp"

#include <atomic>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

namespace {

constexpr std::uint32_t cache_bytes = 8 << 20;

/// Progress is shown so often, and a signal is noticed so soon.
constexpr std::uint32_t look_milliseconds = 200;

volatile std::sig_atomic_t signalled = 0;

/// Nothing of the library may be called here: the main thread does it.
extern "C" void on_signal(int number) {
  signalled = number;
}

/// Blocks to the writer, completions back to the session.
class reception final : public fleetcast::consumer {
public:
  reception(const std::wstring& server, const std::wstring& name_space, const std::wstring& object,
            int file)
    : session_(server, name_space, object, cache_bytes, *this),
      writer_(file, [this](auto size, auto offset, auto error) { written(size, offset, error); }) {}

  /// First no more blocks come, then the last one is written, then both may go.
  ~reception() {
    session_.stop();
    writer_.finish();
  }

  fleetcast::session& session() noexcept { return session_; }

  /// Waits for the last block; 0 or the errno of the first write that failed.
  int finish() {
    writer_.finish();
    return write_error_;
  }

  void started(std::uint64_t size) noexcept override {
    std::fprintf(stderr, "receiving %llu bytes\n", static_cast<unsigned long long>(size));
  }

  void received(void* bytes, std::uint32_t size, std::uint64_t offset) noexcept override {
    try {
      writer_.write(fleetcast::kept_block{bytes, size, offset});
    } catch (...) { // no memory
      session_.cancel(ERROR_NOT_ENOUGH_MEMORY);
      session_.complete(size, offset);
    }
  }

  void completed(DWORD) noexcept override {} // run() waits for it and asks for the outcome

private:
  /// On the writer's thread.
  void written(std::uint32_t size, std::uint64_t offset, int error) {
    int none = 0;
    if (error != 0 && write_error_.compare_exchange_strong(none, error))
      session_.cancel(error == ENOSPC ? ERROR_DISK_FULL : ERROR_WRITE_FAULT);
    session_.complete(size, offset);
  }

  fleetcast::session session_;
  std::atomic<int> write_error_{0};
  block_writer writer_;
};

void show_progress(const fleetcast::session& session) {
  auto figures = session.statistics();
  if (figures.ullObjectBytes > 0)
    std::fprintf(stderr, "%3.0f %%, %llu repaired\n",
                 100.0 * static_cast<double>(figures.ullCompletedBytes)
                   / static_cast<double>(figures.ullObjectBytes),
                 static_cast<unsigned long long>(figures.ullRepairedSymbols));
}

void run(fleetcast::session& session) {
  session.start();
  while (!session.wait(look_milliseconds)) {
    show_progress(session);
    if (signalled != 0)
      session.cancel(); // and wait for the end that follows
  }
}

void receive(const std::wstring& server, const std::wstring& name_space, const std::wstring& object,
             const std::string& target) {
  // From here on everything goes in the reverse order, whatever happens.
  fleetcast::library library;
  part_file file{target};
  reception reception{server, name_space, object, file.number()};
  run(reception.session());
  // The session is over, but its blocks may still be on their way to the disk.
  if (auto error = reception.finish(); error != 0)
    throw std::system_error{error, std::generic_category(), "writing " + target + " failed"};
  reception.session().check_success();
  file.keep();
}

/// The API takes wide strings; a program's arguments are in its locale's encoding.
std::wstring widen(const char* text) {
  std::wstring wide(std::strlen(text), L'\0');
  auto length = std::mbstowcs(wide.data(), text, wide.size());
  if (length == static_cast<std::size_t>(-1))
    throw std::invalid_argument{std::string{"\""} + text
                                + "\" is not text in this locale (LC_ALL, LANG)"};
  wide.resize(length);
  return wide;
}

} // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: receive SERVER[:PORT] NAMESPACE OBJECT FILE\n");
    return 2;
  }
  std::setlocale(LC_ALL, "");
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  try {
    receive(widen(arguments[1]), widen(arguments[2]), widen(arguments[3]), arguments[4]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "receive: %s\n", error.what());
    return signalled != 0 ? 128 + signalled : 1;
  }
  std::printf("%s is complete and verified\n", arguments[4]);
  return 0;
}
