/// Which rules of the API a test proves.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fleetcast {

/// First in a test: it proves these rules (tests/conformance/ids.txt) and produces these error codes (docs/api/errors.md)
/// if it passes: "W-ISES-1 R-ISES-17 CODE-87". conformance_table.py reads it and makes docs/api/conformance.md of it.
inline void proves(std::string_view rules) {
  ::testing::Test::RecordProperty("proves", std::string{rules});
}

} // namespace fleetcast
