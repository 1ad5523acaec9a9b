/// How `--help` looks: at most 80 columns, whatever the length of a text in the source.
#pragma once

#include <CLI/CLI.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace fleetcast::apps {

constexpr std::size_t help_columns = 80;

/// Paragraphs, which an empty line ends, are filled to that width; lines that begin with a space stay as they are.
[[nodiscard]] std::string filled(std::string_view text, std::size_t columns = help_columns);

class help_layout final : public CLI::Formatter {
public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_description(const CLI::App* command) const override;
  std::string make_footer(const CLI::App* command) const override;
};

} // namespace fleetcast::apps
