/// The files that an agent may write: below one directory, whatever a coordinator or a symbolic link says.
#pragma once

#include "actors/fleet/target_file.hpp"
#include "apps/common/staged_file.hpp"

#include <memory>
#include <string>

namespace fleetcast::apps {

class agent_files final : public actors::fleet::target_files {
public:
  template <class T>
  using result = tl::expected<T, protocol::failure>;

  /// `directory` has to be there. `verifier`: a program of this host's operator that is run with the path
  /// of each whole file before it takes its name, and may refuse it; empty: none.
  [[nodiscard]] static result<std::shared_ptr<agent_files>> make(const std::string& directory,
                                                                 std::string verifier);

  /// An absolute destination has to lie below the directory, a relative one is taken from there. The
  /// kernel resolves the way to it (openat2, RESOLVE_BENEATH), so that no link leads out of it.
  [[nodiscard]] result<std::unique_ptr<actors::fleet::target_file>>
  open(const actors::fleet::target_request& request) override;

private:
  agent_files(std::string directory, std::string verifier, descriptor root);

  result<std::string> below(const std::string& destination) const;
  result<descriptor> open_directory(const std::string& path) const;
  protocol::failure refusal(const std::string& destination, int error) const;

  std::string directory_;
  std::string verifier_;
  descriptor root_;
};

} // namespace fleetcast::apps
