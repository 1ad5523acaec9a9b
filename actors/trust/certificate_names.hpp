/// The names in a certificate.
#pragma once

#include <string>
#include <vector>

struct x509_st;

namespace fleetcast::actors::fleet {

/// Its DNS names and addresses, in the order in which they were given.
std::vector<std::string> names_in(const x509_st* certificate);

} // namespace fleetcast::actors::fleet
