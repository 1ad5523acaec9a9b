/// Checks that stay on in every build: what a header asks of its caller, and what a class promises itself.
///
///     REQUIRE(places > most_ahead, places, most_ahead);
///     ENSURE(fits, block);
///
/// REQUIRE blames the caller, ENSURE the code that it stands in. Where the condition does not hold both throw
/// `broken_promise`, which names the place, the condition and the values given. The actor that owns the machine dies of
/// it, and its session ends as `internal`; no other session notices.
///
/// Not for what a peer, a file or a user can bring about: that is a failure, and a value. Not in functions that are
/// noexcept: the process would end. Not in the loop over symbols, which millions pass a second: there `assert` checks
/// builds with assertions.
#pragma once

#include <chrono>
#include <concepts>
#include <initializer_list>
#include <ratio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace fleetcast::protocol {

/// A defect of this program: `what` tells people where.
class broken_promise : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

namespace checking {

enum class blamed : bool { caller, own };

struct place {
  const char* file;
  int line;
  const char* condition;
  const char* names; ///< of the values, with commas between them
};

template <class Value>
std::string text_of(const Value& value) {
  if constexpr (std::same_as<Value, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_enum_v<Value>)
    return std::to_string(static_cast<std::underlying_type_t<Value>>(value));
  else if constexpr (std::convertible_to<const Value&, std::string_view>)
    return "'" + std::string{std::string_view{value}} + "'";
  else if constexpr (requires { std::chrono::nanoseconds{value}; } && !std::integral<Value>)
    return std::to_string(std::chrono::nanoseconds{value}.count()) + " ns";
  else
    return std::to_string(value);
}

[[noreturn]] void fail(blamed whom, const place& where, std::initializer_list<std::string> values);

/// Out of the way of the code that checks.
template <class... Values>
[[noreturn, gnu::cold, gnu::noinline]] void fail_with(blamed whom, const place& where,
                                                      const Values&... values) {
  fail(whom, where, {text_of(values)...});
}

} // namespace checking

} // namespace fleetcast::protocol

#define FLEETCAST_CHECK(whom, condition, ...)                                                      \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::fleetcast::protocol::checking::fail_with(                                                  \
        ::fleetcast::protocol::checking::blamed::whom,                                             \
        {__FILE__, __LINE__, #condition, #__VA_ARGS__} __VA_OPT__(, ) __VA_ARGS__);                \
  } while (false)

#define REQUIRE(condition, ...) FLEETCAST_CHECK(caller, condition __VA_OPT__(, ) __VA_ARGS__)

#define ENSURE(condition, ...) FLEETCAST_CHECK(own, condition __VA_OPT__(, ) __VA_ARGS__)
