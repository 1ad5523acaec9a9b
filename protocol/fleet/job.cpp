#include "protocol/fleet/job.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fleetcast::protocol::fleet {

namespace {

constexpr std::size_t max_id = 64;
constexpr std::size_t max_host = 255; // a DNS name
constexpr std::size_t max_name = 255; // as the control plane has it
constexpr std::size_t max_path = 4096;
constexpr std::size_t max_reason = 2048;
constexpr std::size_t max_word = 64;

constexpr std::array<std::string_view, 9> phase_names{
  "unknown", "connecting", "receiving", "storing",           "staged",
  "done",    "failed",     "cancelled", "waiting for server"};

failure refusal(std::string_view field) {
  return {failure_code::invalid_request, 0,
          "the agent does not take this job: its " + std::string{field}
            + " is empty, too long or holds a byte that has no place there"};
}

bool is_text(std::string_view text, std::size_t longest) noexcept {
  return text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
         });
}

bool is_filled_text(std::string_view text, std::size_t longest) noexcept {
  return !text.empty() && is_text(text, longest);
}

} // namespace

std::string_view to_string(job_phase phase) noexcept {
  return phase_names[static_cast<std::size_t>(phase)];
}

job_phase phase_of(std::uint8_t number) noexcept {
  return number < phase_names.size() ? static_cast<job_phase>(number) : job_phase::unknown;
}

bool is_job_id(std::string_view text) noexcept {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
           || c == '_' || c == '.';
  };
  // No leading dot: it names a file as well.
  return !text.empty() && text.size() <= max_id && text.front() != '.'
         && std::all_of(text.begin(), text.end(), allowed);
}

failure check(const job_request& request) {
  if (!is_job_id(request.job))
    return refusal("id");
  if (!is_filled_text(request.server, max_host) || request.port == 0)
    return refusal("server");
  if (!is_filled_text(request.name_space, max_name))
    return refusal("namespace");
  if (!is_filled_text(request.object, max_path))
    return refusal("object");
  if (!is_filled_text(request.destination, max_path))
    return refusal("destination");
  // It becomes part of a path.
  if (!is_filled_text(request.host, max_host) || request.host.find('/') != std::string::npos
      || request.host.front() == '.')
    return refusal("host name");
  if (!is_text(request.interface, max_word))
    return refusal("interface");
  if (!is_text(request.fingerprint, max_word))
    return refusal("fingerprint");
  return {};
}

failure failure_of(const job_report& report) {
  switch (phase_of(report.phase)) {
    case job_phase::done:
      return {};
    case job_phase::cancelled:
      return {failure_code::cancelled, 0, report.reason.empty() ? "cancelled" : report.reason};
    default:
      // Whatever a peer's code says: this is no success.
      return {report.code == 0 ? failure_code::internal : static_cast<failure_code>(report.code), 0,
              report.reason.empty() ? "failed, and its agent does not say why" : report.reason};
  }
}

std::string destination_of(const job_request& request) {
  constexpr std::string_view placeholder = "{host}";
  auto text = request.destination;
  for (auto at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at + request.host.size()))
    text.replace(at, placeholder.size(), request.host);
  return text;
}

void trim(job_report& report) {
  const auto cut = [](std::string& text, std::size_t longest) {
    // It goes to a terminal.
    text = plain_text(std::string{cut_text(text, longest)}, ' ');
  };
  cut(report.job, max_id);
  cut(report.limited_by, max_word);
  cut(report.reason, max_reason);
  cut(report.digest, max_word);
}

} // namespace fleetcast::protocol::fleet
