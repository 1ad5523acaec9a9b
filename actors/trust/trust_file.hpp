/// Who may have written, or read, the files that decide whom this process trusts: identities, known servers, lists of
/// clients, certificates, settings. One rule for all of them: such a file belongs to this user or to root, and nobody
/// else can write it; a private key nobody else can read, either.
#pragma once

#include "protocol/failure.hpp"

#include <filesystem>
#include <string>
#include <string_view>

struct stat;

namespace fleetcast::actors::io {

struct trust_file {
  std::filesystem::path path;
  std::string_view refusal; ///< how the sentence begins: "will not use the known servers"
  std::string_view threat;  ///< what others could have done: "others could have changed it"
  bool secret = false;      ///< a private key
};

/// Nothing when `info`, which is that of the open file (or of its directory), keeps to the rule; else access_denied,
/// with the command that mends it.
[[nodiscard]] protocol::failure refuse_exposed(const trust_file& file, const struct stat& info);

/// The same of the directory that the file is in, whose name it then bears: who can remove a file can make it be
/// forgotten. A sticky one does not let them, but is no place for a secret.
[[nodiscard]] protocol::failure refuse_exposed_directory(const trust_file& file);

} // namespace fleetcast::actors::io
