/// The first line on a link: the agent's, once it knows that a coordinator of its fleet is at the other end. Pure.
#pragma once

#include "protocol/failure.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace fleetcast::actors::fleet {

/// With its newline. What is longer is something else.
constexpr std::size_t longest_greeting = 64;

/// The link may begin. Ends with the version of the messages that follow.
std::string greeting();

/// So many links are open, and there may be no more: this one is closed.
std::string greeting_when_full(std::size_t links);

/// Why a coordinator that has heard `line` cannot go on; no failure: it can.
protocol::failure refusal_in(std::string_view line);

} // namespace fleetcast::actors::fleet
