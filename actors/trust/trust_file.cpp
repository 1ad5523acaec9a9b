#include "actors/trust/trust_file.hpp"

#include <array>
#include <cstdio>

#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

std::string text_of(mode_t mode) {
  std::array<char, 8> result{};
  std::snprintf(result.data(), result.size(), "%04o", mode & 07777U);
  return result.data();
}

failure refused(const trust_file& file, const std::filesystem::path& path, std::string_view why) {
  return {failure_code::access_denied, 0,
          std::string{file.refusal} + ": " + path.string() + " " + std::string{why}};
}

failure refuse_owner(const trust_file& file, const std::filesystem::path& path, uid_t owner) {
  if (owner == ::geteuid() || owner == 0)
    return {};
  return refused(file, path,
                 "belongs to user " + std::to_string(owner) + ". Make it yours: chown "
                   + std::to_string(::geteuid()) + " '" + path.string() + "'");
}

} // namespace

failure refuse_exposed(const trust_file& file, const struct stat& info) {
  if (!S_ISREG(info.st_mode))
    return refused(file, file.path, "is not a regular file");
  if (auto other = refuse_owner(file, file.path, info.st_uid))
    return other;
  const mode_t forbidden = file.secret ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
  if ((info.st_mode & forbidden) == 0)
    return {};
  return refused(file, file.path,
                 "has mode " + text_of(info.st_mode) + ", so " + std::string{file.threat}
                   + ". If nobody did, run: chmod " + (file.secret ? "600" : "go-w") + " '"
                   + file.path.string() + "'");
}

failure refuse_exposed_directory(const trust_file& file) {
  const auto directory = file.path.has_parent_path() ? file.path.parent_path() : ".";
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0)
    return {}; // whoever opens the file in it hears of that
  if (auto other = refuse_owner(file, directory, info.st_uid))
    return other;
  const auto is_shared = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  const auto keeps_files = (info.st_mode & S_ISVTX) != 0 && !file.secret;
  if (!is_shared || keeps_files)
    return {};
  return refused(file, directory,
                 "has mode " + text_of(info.st_mode)
                   + ", so others could remove or replace the file in it. If nobody did, run: "
                     "chmod go-w '"
                   + directory.string() + "'");
}

} // namespace fleetcast::actors::io
