/// What a stream that people look at can do.
#pragma once

#include <cstddef>
#include <cstdio>
#include <optional>

namespace fleetcast::apps {

struct terminal_size {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Of the terminal behind `stream`, the usual size if it does not tell; nothing if there is no terminal.
[[nodiscard]] std::optional<terminal_size> terminal_behind(std::FILE* stream);

/// Of that terminal; no limit if there is none.
[[nodiscard]] std::size_t columns_behind(std::FILE* stream);

/// Whether what was printed there can be drawn over: by cursor sequences, which a terminal of the type "dumb", or of no
/// type, shows as rubbish.
[[nodiscard]] bool can_redraw(std::FILE* stream);

} // namespace fleetcast::apps
