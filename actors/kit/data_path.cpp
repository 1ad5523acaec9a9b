#include "actors/kit/data_path.hpp"

namespace fleetcast::actors {

std::string to_text(const data_path& path) {
  return io::to_text(path.group) + " on " + path.interface.name
         + (path.local ? " (" + path.local->to_string() + ")" : "");
}

void add_facts(std::vector<fact>& to, const data_path& path) {
  to.push_back(metrics::interface(path.interface.name));
  if (path.local)
    to.push_back(metrics::local_address(path.local->to_string()));
  to.push_back(metrics::group(io::to_text(path.group)));
  to.push_back(metrics::feedback(io::to_text(path.feedback)));
  if (path.feedback_from)
    to.push_back(metrics::feedback_from(io::to_text(*path.feedback_from)));
}

} // namespace fleetcast::actors
