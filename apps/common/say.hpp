/// Words for people and programs that may have gone: `get … | head -1`, a log on a disk that is full.
#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <string_view>
#include <utility>

namespace fleetcast::apps {

/// What cannot be written is lost, and nobody hears of it: for what is said beside the work, which has to
/// go on. (fmt::print throws.) Whoever reads along has it at once.
void write_out(std::FILE* stream, std::string_view text) noexcept;

/// At a program's end: the exit code, which is 1 where it would be 0 and standard output did not take all that was said:
/// a script may live on it. Tells that. A reader that has gone (EPIPE) or a stream that was closed from the start (EBADF)
/// is no failure: nobody wants it.
int with_output_in_mind(std::string_view program, int code);

/// The same, formatted. Without SIGPIPE ignored (see signal_events) a pipe that nobody reads ends the process.
template <class... Args>
void say(std::FILE* stream, fmt::format_string<Args...> format, Args&&... args) {
  write_out(stream, fmt::format(format, std::forward<Args>(args)...));
}

/// Standard streams that the program was started without (`2>&-`) become ones that cannot be used. Else the
/// next file opened gets their number, and what is said goes into it. To be called first of all.
void keep_standard_streams() noexcept;

} // namespace fleetcast::apps
