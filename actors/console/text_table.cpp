#include "actors/console/text_table.hpp"

#include "actors/console/folded_text.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace fleetcast::actors {

namespace {

constexpr std::size_t column_gap = 2;
constexpr std::size_t indent_below = 4;

void append_lines(std::string& to, const std::vector<std::string>& lines) {
  for (const auto& line : lines)
    to += line + "\n";
}

/// As it stands where there is room: folding takes the gaps between columns away.
std::vector<std::string> fitting(std::string line, std::size_t columns) {
  if (columns_in(line) > columns)
    return folded(line, columns);
  return {std::move(line)};
}

} // namespace

text_table::text_table(std::vector<table_column> columns) {
  for (auto& one : columns) {
    widths_.push_back(columns_in(one.heading));
    ranks_.push_back(one.rank);
    headings_.push_back(std::move(one.heading));
  }
}

void text_table::add(std::vector<std::string> cells) {
  for (std::size_t c = 0; c < cells.size(); ++c)
    widths_[c] = std::max(widths_[c], columns_in(cells[c]));
  rows_.push_back(std::move(cells));
}

text_table::layout text_table::fit(std::size_t columns) const {
  const auto where = arrange(columns);
  layout result{fitting(line_of(headings_, where.beside), columns), {}};
  for (const auto& cells : rows_)
    result.rows.push_back(lines_of(cells, where, columns));
  return result;
}

std::string text_table::text(std::size_t columns) const {
  const auto lines = fit(columns);
  std::string result;
  append_lines(result, lines.heading);
  for (const auto& one : lines.rows)
    append_lines(result, one);
  return result;
}

text_table::arrangement text_table::arrange(std::size_t columns) const {
  arrangement result;
  result.beside.resize(headings_.size());
  std::iota(result.beside.begin(), result.beside.end(), 0);
  indices left_out;
  for (const auto column : expendable()) {
    if (width_of(result.beside) <= columns)
      break;
    std::erase(result.beside, column);
    (ranks_[column] == 0 ? result.below : left_out).push_back(column);
  }
  std::sort(result.below.begin(), result.below.end());
  // What moved down may have made room for some of those that were left out; the most important comes first.
  std::for_each(left_out.rbegin(), left_out.rend(), [&](std::size_t column) {
    auto with = result.beside;
    with.insert(std::lower_bound(with.begin(), with.end(), column), column);
    if (width_of(with) <= columns)
      result.beside = std::move(with);
  });
  return result;
}

/// In the order in which they leave the row: by rank, then the widest first.
text_table::indices text_table::expendable() const {
  indices result(headings_.empty() ? 0 : headings_.size() - 1);
  std::iota(result.begin(), result.end(), 1);
  std::stable_sort(result.begin(), result.end(), [this](std::size_t a, std::size_t b) {
    return std::pair{ranks_[a], widths_[a]} > std::pair{ranks_[b], widths_[b]};
  });
  return result;
}

std::size_t text_table::width_of(const indices& beside) const {
  return std::accumulate(beside.begin(), beside.end(), std::size_t{0},
                         [this](std::size_t sum, std::size_t column) {
                           return sum + widths_[column] + (sum == 0 ? 0 : column_gap);
                         });
}

std::string text_table::line_of(const row& cells, const indices& beside) const {
  std::string result;
  for (const auto column : beside)
    result
      += cells[column] + std::string(widths_[column] - columns_in(cells[column]) + column_gap, ' ');
  result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

std::vector<std::string> text_table::lines_of(const row& cells, const arrangement& where,
                                              std::size_t columns) const {
  auto result = fitting(line_of(cells, where.beside), columns);
  for (const auto column : where.below) {
    if (cells[column].empty() || cells[column] == "-")
      continue;
    const auto& heading = headings_[column];
    auto more
      = folded((heading.empty() ? "" : heading + ": ") + cells[column], columns, indent_below);
    std::move(more.begin(), more.end(), std::back_inserter(result));
  }
  return result;
}

} // namespace fleetcast::actors
