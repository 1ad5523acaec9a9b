/// UTF-8, as command lines hold it, to the wide characters of the WDS API.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fleetcast::apps {

/// Nothing if `utf8` is not well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing
/// beyond U+10FFFF) or holds a zero.
[[nodiscard]] std::optional<std::wstring> to_wide(std::string_view utf8);

} // namespace fleetcast::apps
