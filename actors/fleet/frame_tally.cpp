#include "actors/fleet/frame_tally.hpp"

namespace fleetcast::actors::fleet {

namespace {

constexpr std::array<std::string_view, frame_tally::drops> drop_labels{"utility", "stranger",
                                                                       "reports", "heartbeats"};

struct end_words {
  std::string_view label;
  std::string_view sentence;
};

constexpr std::array<end_words, frame_tally::ends> all_ends{{
  {"header", "a frame with a header that the fleet's protocol does not have"},
  {"length", "a frame with a payload of a length that it cannot have"},
  {"order", "a handshake or another frame out of turn"},
  {"node", "a frame that names another node than its handshake"},
  {"content", "a message that is not one of the fleet's"},
  {"address", "a frame to or from an actor that has no part in this connection"},
  {"answer", "an answer to a question that was not put on this connection"},
  {"requests", "a question too many, or one whose number still waits for its answer"},
}};

} // namespace

std::string_view label(frame_drop why) noexcept {
  return drop_labels[static_cast<std::size_t>(why)];
}

std::string_view label(frame_end why) noexcept {
  return all_ends[static_cast<std::size_t>(why)].label;
}

std::string_view sentence(frame_end why) noexcept {
  return all_ends[static_cast<std::size_t>(why)].sentence;
}

} // namespace fleetcast::actors::fleet
