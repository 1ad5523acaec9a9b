#include "actors/io/trial_switches.hpp"

#include "actors/io/injected_loss.hpp"
#include "actors/io/udp_socket.hpp"
#include "protocol/text.hpp"

#include <fmt/core.h>

#include <cstdlib>

namespace fleetcast::actors::io {

std::string wrong_trial_switch(const std::function<const char*(const char* name)>& value_of) {
  constexpr std::size_t max_shown = 80;
  const auto refusal
    = [&](const char* name, const std::string& expected, const char* example) -> std::string {
    return fmt::format("the environment variable {} is '{}', which is not understood: expected {}. "
                       "Write, for example: {}={}",
                       name, protocol::outside_text(value_of(name), max_shown), expected, name,
                       example);
  };
  const auto is_set = [&](const char* name) {
    const char* value = value_of(name);
    return value != nullptr && *value != '\0';
  };
  if (is_set(injected_loss::variable) && !injected_loss::parse(value_of(injected_loss::variable)))
    return refusal(injected_loss::variable,
                   fmt::format("a number from 0 to {:g}", injected_loss::max_percent), "1.5");
  if (is_set(offloads::variable) && !offloads::parse(value_of(offloads::variable)))
    return refusal(offloads::variable, "gso, gro, both with a comma between them, or none", "gso");
  return {};
}

std::string wrong_trial_switch() {
  return wrong_trial_switch([](const char* name) -> const char* { return ::secure_getenv(name); });
}

} // namespace fleetcast::actors::io
