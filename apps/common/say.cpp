#include "apps/common/say.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace fleetcast::apps {

void write_out(std::FILE* stream, std::string_view text) noexcept {
  if (std::fwrite(text.data(), 1, text.size(), stream) == text.size())
    std::fflush(stream);
}

void keep_standard_streams() noexcept {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF)
      // The lowest free number is this one. Opened for what it is not for, so that its use fails as before.
      (void)::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

} // namespace fleetcast::apps
