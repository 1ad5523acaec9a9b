#include "protocol/require.hpp"

namespace fleetcast::protocol::checking {

namespace {

/// "; a = 1", "; (a, b) = (1, 2)", or nothing.
std::string told(const char* names, std::initializer_list<std::string> values) {
  if (values.size() == 0)
    return {};
  std::string all;
  for (const auto& value : values)
    all += (all.empty() ? "" : ", ") + value;
  if (values.size() == 1)
    return "; " + std::string{names} + " = " + all;
  return "; (" + std::string{names} + ") = (" + all + ")";
}

} // namespace

void fail(blamed whom, const place& where, std::initializer_list<std::string> values) {
  const auto* const rule = whom == blamed::caller ? ": the caller must see to it that "
                                                  : ": a defect here, since this should hold: ";
  throw broken_promise{std::string{where.file} + ":" + std::to_string(where.line) + rule
                       + where.condition + told(where.names, values)};
}

} // namespace fleetcast::protocol::checking
