/// A directory tree with a provider that serves a part of it as the namespace "lab".
#pragma once

#include "actors/serve/directory_provider.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace fleetcast::actors::testing {

///     outside/secret  served/file  served/sub/inner
class served_directory : public ::testing::Test {
protected:
  served_directory() {
    std::filesystem::create_directories(root / "outside");
    std::filesystem::create_directories(root / "served/sub");
    write("outside/secret", "secret");
    write("served/file", "0123456789");
    write("served/sub/inner", "inner");
    auto made = directory_provider::make({{"lab", (root / "served").string()}});
    if (!made)
      throw std::runtime_error{made.error().text};
    provider = *made;
  }

  void write(const std::filesystem::path& path, const std::string& text) const {
    std::ofstream{root / path, std::ios::binary} << text;
  }

  temporary_directory own; ///< goes with the test
  std::filesystem::path root = own.path();
  std::shared_ptr<directory_provider> provider;
};

} // namespace fleetcast::actors::testing
