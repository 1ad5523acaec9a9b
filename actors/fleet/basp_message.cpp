#include "actors/fleet/basp_message.hpp"

#include "actors/fleet/basp_reader.hpp"

namespace fleetcast::actors::fleet::basp {

namespace {

constexpr std::string_view no_values = "@<>";

/// Past the stages, up to the values; empty: there are stages, or no types.
std::string_view read_types(reader& in) noexcept {
  if (in.count() != 0)
    return {};
  // CAF numbers no types; a number other than 0 would stand in place of the text.
  return in.number<std::uint16_t>() == 0 ? in.text() : std::string_view{};
}

void skip_texts(reader& in, int count) noexcept {
  for (int i = 0; i < count; ++i)
    in.text();
}

// The order of fields is that of the inspect functions in messages.hpp.

void skip_request(reader& in) noexcept {
  skip_texts(in, 2); // job, server
  in.number<std::uint16_t>();
  skip_texts(in, 6); // name_space, object, destination, host, interface, fingerprint
  in.flag();
  in.flag();
}

std::string_view read_report(reader& in) noexcept {
  const auto job = in.text();
  in.number<std::uint8_t>(); // phase
  constexpr int figures = 7;
  for (int i = 0; i < figures; ++i)
    in.number<std::uint64_t>();
  in.text(); // limit
  in.number<std::uint16_t>();
  skip_texts(in, 2); // reason, digest
  return job;
}

message_kind read_command(reader& in) noexcept {
  const auto what = in.number<std::uint64_t>();
  in.text();
  if (what == atom("watch"))
    return message_kind::watch;
  return what == atom("retry") || what == atom("commit") || what == atom("cancel")
           ? message_kind::command
           : message_kind::none;
}

message_kind read_start(reader& in) noexcept {
  const bool known = in.number<std::uint64_t>() == atom("start");
  skip_request(in);
  return known ? message_kind::start : message_kind::none;
}

/// Whether it has no context; `code` 0 is no error.
bool skip_error(reader& in, std::uint8_t& code) noexcept {
  code = in.number<std::uint8_t>();
  in.number<std::uint64_t>(); // category
  return in.number<std::uint16_t>() == 0 && in.text() == no_values;
}

message_kind read_error(reader& in) noexcept {
  std::uint8_t code = 0;
  return skip_error(in, code) && code != 0 ? message_kind::error : message_kind::none;
}

message read_values(std::string_view types, reader& in) noexcept {
  if (types == "@<>+@atom+fleet_job_request")
    return {read_start(in), {}};
  if (types == "@<>+@atom+@str")
    return {read_command(in), {}};
  if (types == "@<>+fleet_job_report")
    return {message_kind::report, read_report(in)};
  if (types == "@<>+fleet_job_state") {
    read_report(in);
    skip_request(in);
    return {message_kind::state, {}};
  }
  if (types == "@<>+@error")
    return {read_error(in), {}};
  return {};
}

} // namespace

message read_message(bytes_view payload) noexcept {
  reader in{payload};
  const auto result = read_values(read_types(in), in);
  return in.is_at_end() ? result : message{};
}

bool is_plain_error(bytes_view value) noexcept {
  reader in{value};
  std::uint8_t code = 0; // an actor that ended well has 0
  return skip_error(in, code) && in.is_at_end();
}

bool is_utility_question(bytes_view payload) noexcept {
  reader in{payload};
  return read_types(in) == "@<>+@atom+@atom+@str" && in.number<std::uint64_t>() == atom("sys")
         && in.number<std::uint64_t>() == atom("get") && in.text() == "info" && in.is_at_end();
}

bool is_utility_answer(bytes_view payload) noexcept {
  reader in{payload};
  return read_types(in) == "@<>+@atom+@str+@strong_actor_ptr+@str";
}

} // namespace fleetcast::actors::fleet::basp
