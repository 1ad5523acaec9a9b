/// Switches for trials: environment variables of every program and of the library (docs/configuration.md).
#pragma once

#include <functional>
#include <string>

namespace fleetcast::actors::io {

/// Says which of them has a value that is not understood, and what to write; empty: none has. `value_of` gives a variable's
/// value, null if it is not set; what is empty counts as not set.
[[nodiscard]] std::string
wrong_trial_switch(const std::function<const char*(const char* name)>& value_of);

/// Of this process's environment.
[[nodiscard]] std::string wrong_trial_switch();

} // namespace fleetcast::actors::io
