#include "actors/fleet/host_list.hpp"

#include "protocol/text.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

namespace fleetcast::actors::fleet {

namespace {

using names = std::vector<std::string>;

constexpr std::size_t max_host_name = 253; // of a DNS name
constexpr std::size_t max_digits = 9;
constexpr std::size_t max_shown = 60;

/// Why a text is not a list of hosts. Stays in this file.
struct complaint {
  std::string what;
};

template <class T>
using parsed = tl::expected<T, complaint>;

tl::unexpected<complaint> complaint_about(std::string_view about, const std::string& what) {
  const auto shown = protocol::outside_text(about, max_shown);
  return tl::unexpected{complaint{"'" + shown + "' " + what}};
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == ',';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool is_label(std::string_view text) {
  constexpr std::size_t longest = 63;
  return !text.empty() && text.size() <= longest && text.front() != '-' && text.back() != '-'
         && std::all_of(text.begin(), text.end(), is_name_character);
}

/// An address that can be one host's: not "any", not a group.
template <class Address>
bool is_unicast(const Address& address) {
  return !address.is_unspecified() && !address.is_multicast();
}

bool is_ipv4(const std::string& text) {
  boost::system::error_code wrong;
  const auto address = boost::asio::ip::make_address_v4(text, wrong);
  return !wrong && is_unicast(address);
}

/// Resolvers take "7" for 0.0.0.7 and "0x7f000001" for 127.0.0.1.
bool is_number(std::string_view label) {
  const bool hexadecimal = label.starts_with("0x") || label.starts_with("0X");
  return label.substr(hexadecimal ? 2 : 0)
           .find_first_not_of(hexadecimal ? "0123456789abcdefABCDEF" : "0123456789")
         == std::string_view::npos;
}

/// Labels between dots, as in DNS; a dot at the end is DNS's own way to say that the name is complete. What
/// ends in a number is an IPv4 address or nothing.
bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > max_host_name)
    return false;
  auto rest = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  std::string_view label;
  for (bool more = true; more;) {
    const auto dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label))
      return false;
    more = dot != std::string_view::npos;
    rest.remove_prefix(more ? dot + 1 : rest.size());
  }
  return !is_number(label) || is_ipv4(std::string{text});
}

/// Labels' characters and dots in any order: of a group, which is only shown, or an interface.
bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= max_host_name && text.front() != '.' && text.front() != '-'
         && std::all_of(text.begin(), text.end(),
                        [](char c) { return c == '.' || is_name_character(c); });
}

/// A link-local address needs a zone ("fe80::1%eth0"), and no other one has one. It becomes part of file names.
bool is_ipv6(std::string_view text) {
  constexpr std::size_t longest_interface = 15;
  const auto percent = text.find('%');
  if (percent != std::string_view::npos) {
    const auto zone = text.substr(percent + 1);
    if (zone.size() > longest_interface || !is_plain_name(zone))
      return false;
  }
  // The library reads up to a zero byte.
  if (text.substr(0, percent).find_first_not_of("0123456789abcdefABCDEF:.")
      != std::string_view::npos)
    return false;
  boost::system::error_code wrong;
  const auto address
    = boost::asio::ip::make_address_v6(std::string{text.substr(0, percent)}, wrong);
  return !wrong && is_unicast(address)
         && address.is_link_local() == (percent != std::string_view::npos);
}

std::optional<std::uint32_t> number_of(std::string_view text, std::size_t longest = max_digits) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > longest || error != std::errc{}
      || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// Up to the next blank outside of brackets.
std::string_view take_word(std::string_view& line) {
  while (!line.empty() && is_blank(line.front()))
    line.remove_prefix(1);
  std::size_t end = 0;
  int depth = 0;
  for (; end < line.size() && (depth > 0 || !is_blank(line[end])); ++end)
    depth += line[end] == '[' ? 1 : line[end] == ']' ? -1 : 0;
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

/// "001-128" or "7", added to `out`.
parsed<void> expand_part(std::string_view part, names& out, std::string_view word) {
  const auto dash = part.find('-');
  const auto first_text = part.substr(0, dash);
  const auto first = number_of(first_text);
  const auto last = dash == std::string_view::npos ? first : number_of(part.substr(dash + 1));
  if (!first || !last)
    return complaint_about(word, "has a range that is not like [001-128] or [1,5-9]");
  if (*last < *first)
    return complaint_about(word, "has a range that runs backwards");
  if (std::uint64_t{*last} - *first + 1 + out.size() > max_hosts)
    return complaint_about(word, "stands for more than " + std::to_string(max_hosts) + " hosts");
  for (auto value = *first; value <= *last; ++value) {
    auto digits = std::to_string(value);
    if (digits.size() < first_text.size())
      digits.insert(0, first_text.size() - digits.size(), '0');
    out.push_back(std::move(digits));
  }
  return {};
}

/// "1,5-9": what stands between brackets.
parsed<names> tails_of(std::string_view parts, std::string_view word) {
  names result;
  for (bool more = true; more;) {
    const auto comma = parts.find(',');
    if (auto expanded = expand_part(parts.substr(0, comma), result, word); !expanded)
      return tl::unexpected{std::move(expanded.error())};
    more = comma != std::string_view::npos;
    parts.remove_prefix(more ? comma + 1 : parts.size());
  }
  return result;
}

/// Each of `tails` behind each of `heads`.
names product(const names& heads, const names& tails) {
  names result;
  for (const auto& head : heads)
    for (const auto& tail : tails)
      result.push_back(head + tail);
  return result;
}

constexpr const char* too_long = "is too long for a host name";

parsed<names> expand(std::string_view pattern, std::string_view word) {
  names result{""};
  while (!pattern.empty()) {
    const auto open = pattern.find('[');
    const auto literal = pattern.substr(0, open);
    // Checked before the text is appended to thousands of names; a single name is checked later, with its port.
    if ((open != std::string_view::npos || result.size() > 1)
        && result.back().size() + literal.size() > max_host_name)
      return complaint_about(word, too_long);
    for (auto& each : result)
      each += literal;
    if (open == std::string_view::npos)
      break;
    const auto close = pattern.find(']', open);
    if (close == std::string_view::npos)
      return complaint_about(word, "has a bracket that is not closed");
    const auto parts = pattern.substr(open + 1, close - open - 1);
    pattern.remove_prefix(close + 1);
    auto tails = tails_of(parts, word);
    if (!tails)
      return tails;
    if (result.size() * tails->size() > max_hosts)
      return complaint_about(word, "stands for more than " + std::to_string(max_hosts) + " hosts");
    result = product(result, *tails);
    if (result.front().size() > max_host_name)
      return complaint_about(word, too_long);
  }
  return result;
}

/// Takes ":PORT" off the end; `otherwise`: there is none.
parsed<std::uint16_t> take_port(std::string_view& word, std::uint16_t otherwise) {
  const auto whole = word;
  const auto colon = word.rfind(':');
  const auto bracket = word.rfind(']');
  // The colons of an IPv6 address are no port, unless it stands in brackets.
  if (colon == std::string_view::npos || (bracket == std::string_view::npos && is_ipv6(word))
      || (bracket != std::string_view::npos && colon < bracket))
    return otherwise;
  const auto port = number_of(word.substr(colon + 1), 5);
  if (!port || *port == 0 || *port > 65535)
    return complaint_about(whole, "has no port from 1 to 65535 behind its colon");
  word = word.substr(0, colon);
  return static_cast<std::uint16_t>(*port);
}

parsed<names> names_of(std::string_view word, std::string_view whole) {
  if (word.starts_with('[') && word.ends_with(']') && is_ipv6(word.substr(1, word.size() - 2)))
    return names{std::string{word.substr(1, word.size() - 2)}};
  if (is_ipv6(word))
    return names{std::string{word}};
  auto expanded = expand(word, whole);
  if (expanded)
    for (const auto& name : *expanded)
      if (!is_host_name(name))
        return complaint_about(whole, "is not a host name or address");
  return expanded;
}

/// "[rack1]", and not the IPv6 address that looks alike.
std::optional<std::string_view> group_of(std::string_view line) {
  while (!line.empty() && is_blank(line.front()))
    line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back()))
    line.remove_suffix(1);
  if (!line.starts_with('[') || !line.ends_with(']'))
    return std::nullopt;
  const auto name = line.substr(1, line.size() - 2);
  return is_plain_name(name) ? std::optional{name} : std::nullopt;
}

class reader {
public:
  explicit reader(std::uint16_t default_port) : default_port_(default_port) {}

  parsed<void> read_line(std::string_view line) {
    line = line.substr(0, line.find('#'));
    if (const auto group = group_of(line)) {
      group_ = *group;
      return {};
    }
    for (auto word = take_word(line); !word.empty(); word = take_word(line))
      if (auto added = add(word); !added)
        return added;
    return {};
  }

  std::vector<listed_host> take() { return std::move(hosts_); }

private:
  parsed<void> add(std::string_view word) {
    const auto whole = word;
    auto port = take_port(word, default_port_);
    if (!port)
      return tl::unexpected{std::move(port.error())};
    auto all = names_of(word, whole);
    if (!all)
      return tl::unexpected{std::move(all.error())};
    for (auto& name : *all) {
      if (!seen_.emplace(name, *port).second)
        continue;
      if (hosts_.size() == max_hosts)
        return complaint_about(whole, "is one more than the " + std::to_string(max_hosts)
                                        + " hosts a fleet may have");
      hosts_.push_back({std::move(name), *port, group_});
    }
    return {};
  }

  std::uint16_t default_port_;
  std::string group_;
  std::vector<listed_host> hosts_;
  std::set<std::pair<std::string, std::uint16_t>> seen_;
};

} // namespace

tl::expected<std::vector<listed_host>, std::string> parse_hosts(std::string_view text,
                                                                std::uint16_t default_port) {
  if (text.size() > max_host_text)
    return tl::unexpected{std::string{"the list of hosts is larger than 1 MiB"}};
  reader in{default_port};
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    if (auto read = in.read_line(text.substr(0, end)); !read)
      return tl::unexpected{"line " + std::to_string(number) + ": " + read.error().what};
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return in.take();
}

} // namespace fleetcast::actors::fleet
