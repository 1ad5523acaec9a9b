#include "actors/serve/exclusion_words.hpp"

namespace fleetcast::actors {

std::string words_for(protocol::exclusion why) {
  using enum protocol::exclusion;
  switch (why) {
    case no_progress:
      return "it was sent all that it lacks, and more, for as much as it says gets lost, and "
             "completed no more of it. Look for what drops datagrams there: a link that is too "
             "narrow or faulty, a host without processor time";
    case unreached:
      return "it was sent all that it lacks, and more, and none of it arrives there. Small "
             "datagrams may arrive where "
             "large ones do not: check the MTU on the way (tunnel, VPN, jumbo frames), and that "
             "nothing drops fragments";
    case holds_window:
      return "it kept the other receivers waiting, and neither took anything nor asked for "
             "anything";
    case deaf:
      return "nothing that is sent reaches it: check that multicast gets there (switch, IGMP/MLD "
             "snooping, firewall)";
    case no_receipt:
      return "it has had every block for an hour, and sent no receipt. Its copy is whole if it "
             "says so itself; look for what keeps the program there from storing it";
    case none:
    case newcomer:
    case full_cache:
      break;
  }
  return "it does not get on";
}

const char* reason_for(protocol::exclusion why) {
  using enum protocol::exclusion;
  switch (why) {
    case no_progress:
      return "was sent all that it lacks, and completed no more of it";
    case holds_window:
      return "keeps the others waiting, and neither takes nor asks for anything";
    case full_cache:
      return "has taken nothing from its cache for a long time";
    case deaf:
      return "says that nothing reaches it";
    case unreached:
    case no_receipt:
    case none:
    case newcomer:
      break;
  }
  return nullptr;
}

} // namespace fleetcast::actors
