/// A table for people that fits a terminal of any width without hiding what matters.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace fleetcast::actors {

struct table_column {
  std::string heading;

  /// 0: always in sight. Of the others the one with the highest rank goes first where there is no room for all.
  unsigned rank = 0;
};

/// Columns are as wide as they must be, two spaces apart. Where there is no room columns with a rank are left out; if
/// that is not enough, cells that matter get lines of their own below their row. The first column stands first in any
/// case.
class text_table {
public:
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  /// No line is wider than what was asked for.
  struct layout {
    std::vector<std::string> heading;
    std::vector<std::vector<std::string>> rows; ///< the lines of each
  };

  explicit text_table(std::vector<table_column> columns);

  /// A cell for each column.
  void add(std::vector<std::string> cells);

  [[nodiscard]] layout fit(std::size_t columns) const;

  /// All lines of that in one text, each with its end.
  [[nodiscard]] std::string text(std::size_t columns = unlimited) const;

private:
  using row = std::vector<std::string>;
  using indices = std::vector<std::size_t>;

  struct arrangement {
    indices beside; ///< columns of the row itself
    indices below;  ///< on lines of their own
  };

  arrangement arrange(std::size_t columns) const;
  indices expendable() const;
  std::size_t width_of(const indices& beside) const;
  std::string line_of(const row& cells, const indices& beside) const;
  std::vector<std::string> lines_of(const row& cells, const arrangement& where,
                                    std::size_t columns) const;

  row headings_;
  std::vector<unsigned> ranks_;
  std::vector<std::size_t> widths_;
  std::vector<row> rows_;
};

} // namespace fleetcast::actors
