/// What a shell does when TAB is pressed, as a file that it loads for the program. One function a shell: each file knows
/// all commands and options, offers the values that are known (choices, files, directories, interfaces, job ids, and what
/// a known server lists), and needs nothing but the shell and the program.
#pragma once

#include "apps/manual/command_entry.hpp"

#include <string>

namespace fleetcast::apps::manual {

[[nodiscard]] std::string bash_completion(const command_entry& program);
[[nodiscard]] std::string zsh_completion(const command_entry& program);
[[nodiscard]] std::string fish_completion(const command_entry& program);

/// For a program whose options are "/Name" or "/Name:value", in any case and with - or -- as well.
[[nodiscard]] std::string bash_colon_completion(const command_entry& program);
[[nodiscard]] std::string zsh_colon_completion(const command_entry& program);
[[nodiscard]] std::string fish_colon_completion(const command_entry& program);

} // namespace fleetcast::apps::manual
