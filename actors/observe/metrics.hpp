/// What actors can say of themselves: one table, metrics.def, from which everything else follows.
///
/// A fact is made by the constant that bears its name, `metrics::lost_packets(12)`: a name that is not in
/// the table, or a text where the table wants a number, does not compile.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fleetcast::actors {

enum class metric : std::uint8_t {
#define FLEETCAST_METRIC(name, kind, unit, meaning) name,
#include "actors/observe/metrics.def"
#undef FLEETCAST_METRIC
};

enum class metric_kind : std::uint8_t { counter, gauge, real, text };

struct metric_info {
  std::string_view name; ///< "lost_packets"
  metric_kind kind;
  std::string_view unit; ///< "packets"; "none" for texts
  std::string_view meaning;
};

/// The whole table, in the order of the enumeration.
std::span<const metric_info> all_metrics() noexcept;

const metric_info& info_of(metric which) noexcept;

/// One value of one metric.
struct fact {
  using value_type = std::variant<std::uint64_t, double, std::string>;

  metric what;
  value_type value;
  std::string label; ///< the reason, where a metric has several; else empty

  std::string_view name() const noexcept { return info_of(what).name; }
};

/// "lost packets", "dropped: forged": for people.
std::string display_name(const fact& what);

/// The bare value: "12", "3.5", "eth0".
std::string value_text(const fact& what);

namespace metrics {

template <metric What>
struct counter_key {
  fact operator()(std::uint64_t value, std::string label = {}) const {
    return {What, value, std::move(label)};
  }
};

template <metric What>
struct gauge_key : counter_key<What> {};

template <metric What>
struct real_key {
  fact operator()(std::floating_point auto value) const {
    return {What, static_cast<double>(value), {}};
  }
};

template <metric What>
struct text_key {
  fact operator()(std::string value) const { return {What, std::move(value), {}}; }
};

#define FLEETCAST_METRIC(name, kind, unit, meaning)                                                \
  inline constexpr kind##_key<metric::name> name{};
#include "actors/observe/metrics.def"
#undef FLEETCAST_METRIC

} // namespace metrics

} // namespace fleetcast::actors
