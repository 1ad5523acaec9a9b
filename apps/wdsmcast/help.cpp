#include "apps/wdsmcast/help.hpp"

namespace fleetcast::apps {

const char* const wdsmcast_help
  = R"(wdsmcast receives a file from a multicast transmission and stores it.

Usage:
  wdsmcast [/Progress] [/Verbose] [/Trace:<file>] /Transfer-File
           /Server:<name or address>[:<port>] /Namespace:<namespace>
           /SourceFile:<object> /DestinationFile:<path>
           [/Interface:<name or address>] [/Fingerprint:SHA256:<...>]
           [/KnownServers:<file>] [/Username:<user>] [/Password:<password>]
  wdsmcast /? | /Help | /Version

Case makes no difference in the names of options, nor does their order; - and --
do as well as /. Put an argument in quotes if it holds spaces.

  /Transfer-File     Receive one file.
  /Server:           The Fleetcast server; port 5040 unless given. IPv6 addresses
                     with a port in brackets: [2001:db8::1]:5040.
  /Namespace:        The namespace that holds the file.
  /SourceFile:       The name of the file in the namespace.
  /DestinationFile:  Where to put it: a file, or a directory that exists. A file of
                     that name is replaced, in one step and only by a whole copy.
  /Progress          Show how far it is, once a second or as a bar on a terminal.
  /Verbose           Say more.
  /Trace:            Write what happens to this file, as text with times.
  /Interface:        Receive on this interface; without it, on the one that leads
                     to the server.
  /Fingerprint:      The identity that the server must have, as it prints it when
                     it starts. Without it, the identity is pinned on first use.
  /KnownServers:     File of identities pinned so far; without it
                     ~/.config/fleetcast/known_servers.

  /Username: /Password:
                     Either makes this host tell the server who it is: by its own
                     identity, which `fleetcast identity` shows. Name and password
                     themselves are neither used nor sent nor written anywhere.

/Apply-Image is not supported and ends with error 50.
There is no fallback to another way of copying.

Examples:
  wdsmcast /Transfer-File /Server:wds1 /Namespace:images \
      /SourceFile:install.wim /DestinationFile:/var/tmp/install.wim

  wdsmcast /Progress /Verbose /Transfer-File /Server:10.0.0.5:5040 \
      /Namespace:WDS:Group1 /SourceFile:2024/install.wim \
      "/DestinationFile:/srv/my images/install.wim"

  wdsmcast -transfer-file "-server:[2001:db8::1]:5040" -namespace:lab \
      -sourcefile:disk.img -destinationfile:disk.img -trace:/tmp/trace.txt

Exit codes: 0 the whole file arrived, was verified, and is on the disk; 1 it is not.
The last line on standard error then gives the Win32 error code.
)";

} // namespace fleetcast::apps
