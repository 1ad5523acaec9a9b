#include "apps/common/say.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

std::atomic<int> first_error{0};

} // namespace

void write_out(std::FILE* stream, std::string_view text) noexcept {
  errno = 0;
  // An empty view may have no address, which fwrite must not be given.
  const bool is_taken
    = text.empty() || std::fwrite(text.data(), 1, text.size(), stream) == text.size();
  const bool is_out = is_taken && std::fflush(stream) == 0;
  // A reader that has gone, or a stream that was closed from the start (EBADF), wants nothing.
  if (int none = 0; !is_out && stream == stdout && errno != EPIPE && errno != EBADF)
    first_error.compare_exchange_strong(none, errno != 0 ? errno : EIO);
}

int with_output_in_mind(std::string_view program, int code) {
  write_out(stdout, {}); // what still waits to be written
  if (code != 0 || first_error == 0)
    return code;
  say(stderr, "{}: cannot write to standard output: {}\n", program,
      std::system_category().message(first_error));
  return 1;
}

void keep_standard_streams() noexcept {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF)
      // The lowest free number is this one. Opened for what it is not for, so that its use fails as before.
      (void)::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

} // namespace fleetcast::apps
