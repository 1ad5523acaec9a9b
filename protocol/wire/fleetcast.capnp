@0xb5d1f8a3c94e7d06;
# The messages of Fleetcast. This file is the specification of every message body; the fixed
# 24-byte data header in front of datagrams is specified in docs/protocol.md.
#
# Two planes use it.
#
#   Control plane   TCP + TLS 1.3, one connection per receiver. Each message is a 32-bit
#                   little-endian length followed by one ClientMessage or ServerMessage in the
#                   standard stream framing. A length of 0 or above 64 KiB ends the connection.
#   Data plane      UDP. Bodies of datagrams of type "control": GroupMessage down to the group,
#                   Feedback up to the sender. Sealed like every datagram.
#
# Evolution: append with the next number; never renumber, never retype; renaming is free. A reader
# skips what it does not know. tests/golden holds one message of each kind that every later version
# must still read.
#
# Vocabulary follows RFC 5052 and RFC 5740: an object is cut into source blocks (numbered by SBN),
# a block into k source symbols of equal size; repair symbols continue the numbering (ESI k, k+1 …).

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fleetcast::protocol::wire::schema");

const protocolVersion :UInt16 = 1;

# ---------------------------------------------------------------------------------------------
# Control plane
# ---------------------------------------------------------------------------------------------

enum Suite {
  # How datagrams are sealed (AEAD). The client lists what it speaks, best first; the first receiver of a
  # transmission decides, and later ones must speak it, too.
  none @0;               # nothing sealed: refused on a network unless both ends were told to
  chacha20Poly1305 @1;
  aes256Gcm @2;
}

struct SessionRequest {
  # The first message of a client, once per connection.
  version @0 :UInt16;          # protocolVersion of the client
  namespace @1 :Text;          # 1 to 255 bytes
  object @2 :Text;             # 1 to 4096 bytes; what it names is up to the content provider
  suites @3 :List(Suite);      # in order of preference, 1 to 8
  hostName @4 :Text;           # for people to read in listings; at most 255 bytes
  cacheBlocks @5 :UInt32;      # blocks the receiver can hold: its first limit
  features @6 :UInt64;         # what the client can beyond version 1: the bits of Feature, counted from 0
  resume @7 :Bool;             # the client holds blocks of an earlier session: a new transmission sends nothing before it
                               # hears what is wanted
}

enum Feature {
  # What one end can beyond version 1, as a bit of `features`. A message that needs one goes only to a peer that
  # offered it; bits that a reader does not know are skipped.
  feedbackState @0;            # the client takes ServerMessage.feedbackState
  fetch @1;                    # the server answers ClientMessage.fetch
  anchors @2;                  # the server sends anchors: what unsigned heartbeats say can be checked
}

struct DirectionKey {
  # One direction's secret. The nonce of a datagram is `salt` with the header's bytes 2-3 (lane and key
  # phase) XORed into bytes 0-1 and its packet number into bytes 4-11 (little-endian both); the header
  # is associated data.
  key @0 :Data;                # 32 bytes
  salt @1 :Data;               # 12 bytes
}

struct SessionAccept {
  # Everything the receiver needs: constant size, whatever the size of object or group.
  sessionTag @0 :UInt32;       # in every datagram of this transmission
  transmissionId @1 :Data;     # 16 random bytes: what manifests are signed for
  receiverId @2 :UInt32;       # this receiver, in its feedback datagrams; never 0
  lane @3 :UInt16;
  suite @4 :Suite;
  groupKey @5 :DirectionKey;   # opens what comes down the group
  receiverKey @6 :DirectionKey;# seals what this receiver sends up; nobody else's
  group @7 :Endpoint;          # where the data comes: multicast address and port
  feedback @8 :Endpoint;       # where feedback goes. An empty address: the one the client dialled
  objectSize @9 :UInt64;       # bytes
  symbolSize @10 :UInt16;      # bytes
  sourceSymbols @11 :UInt16;   # k of a full block
  signingKey @12 :Data;        # 32 bytes: Ed25519 public key of the server's identity
  metadata @13 :Data;          # what the content provider says of the object, opaque to both ends; at
                               # most 32,768 bytes; empty: nothing
  unverified @14 :Bool;        # no manifests are sent, blocks are not compared with digests; only with
                               # the suite `none`
  features @15 :UInt64;        # what the server can beyond version 1, as in SessionRequest
  sources @16 :List(Data);     # addresses that datagrams of the group come from, 4 or 16 bytes each, at most
                               # 4; empty: not told. Hygiene, not proof: addresses can be forged
  ttl @17 :UInt8;              # hops that datagrams of the group may take (TTL, hop limit); 0: not told. For people
                               # only: a receiver that hears nothing says it
}

struct Endpoint {
  address @0 :Data;            # 4 or 16 bytes in network order, or empty
  port @1 :UInt16;
}

struct Failure {
  # Why a request was refused or a session ended.
  code @0 :UInt16;             # protocol/failure.hpp, failure_code
  text @1 :Text;               # one or more sentences for people, at most 1024 bytes
}

struct Receipt {
  # "I have the whole object, verified, and am done with it." Sent once, when every block was delivered
  # to the consumer and released by it.
  objectSize @0 :UInt64;
  nanoseconds @1 :UInt64;      # from the session's begin to the receipt
  repairedSymbols @2 :UInt64;  # source symbols rebuilt from repair symbols
}

struct FeedbackState {
  # Whether feedback of this receiver arrives, which only the server knows. Sent when its first one did, when none
  # came for two seconds though it was to come, and when it comes again.
  unheardMilliseconds @0 :UInt32; # 0: it arrives
  heardPacket @1 :UInt64;      # packet number of the first that came, which proves that the address is the server's
}

struct Fetch {
  # Asks for parts of a block over the control connection: what a receiver needs whose blocks fail their digest,
  # because somebody in the group forges. Each of them is answered by one Fetched.
  block @0 :UInt32;            # SBN
  manifest @1 :Bool;           # the manifest of the block's run, or of a part of it that holds the block
  leafDigests @2 :Bool;        # the SHA-256 of each of its leaves
  leaves @3 :UInt32;           # bit n: the bytes of leaf n; a block has at most 16 leaves
}

struct LeafBytes {
  index @0 :UInt8;             # 0 to 15
  bytes @1 :Data;              # 1 to 11,264 bytes
}

struct Fetched {
  block @0 :UInt32;            # SBN
  union {
    unavailable @1 :Void;      # the server did not read the block yet, or is asked too much: ask later
    manifest @2 :Manifest;
    leafDigests @3 :Data;      # 32 bytes for each leaf
    leaf @4 :LeafBytes;
  }
}

struct ListRequest {
  # Asks what the server offers to this client, one page of it. The first message of a client that only wants to
  # know; each one is answered by a Listing or a reject, and then the next may follow on the same connection.
  version @0 :UInt16;          # protocolVersion of the client
  namespace @1 :Text;          # at most 255 bytes; empty: which namespaces there are
  prefix @2 :Text;             # at most 4096 bytes: a directory of the namespace, up to the last slash, and how names
                               # in it begin. What lies below its directories is asked for by itself
  cursor @3 :Data;             # `next` of the page before, at most 255 bytes; empty: from the beginning
  hostName @4 :Text;           # for people to read in listings; at most 255 bytes
}

enum ListedKind {
  object @0;                   # can be requested
  directory @1;                # leads to further names
  namespace @2;
}

struct Listed {
  name @0 :Text;               # in its directory: 1 to 4096 bytes, without a slash
  kind @1 :ListedKind;
  size @2 :UInt64;             # of an object, bytes
  modified @3 :Int64;          # of an object: seconds since 1970 (UTC) when it was last written; 0: not told
  unlistable @4 :Bool;         # of a namespace: what is in it can be requested, but not listed
}

struct Listing {
  entries @0 :List(Listed);    # at most 512, their names at most 32,768 bytes together; in no order. Those of a kind that
                               # a reader does not know are skipped
  next @1 :Data;               # the cursor of the next page, at most 255 bytes; empty: there is none
}

struct ClientMessage {
  union {
    request @0 :SessionRequest;
    receipt @1 :Receipt;
    leave @2 :Failure;         # the receiver stops before the end, and why
    fetch @3 :Fetch;
    list @4 :ListRequest;
  }
}

struct ServerMessage {
  union {
    accept @0 :SessionAccept;
    reject @1 :Failure;
    ended @2 :Failure;         # the session ends now: transmission over, receiver kicked, …
    receiptNoted @3 :Void;     # the receipt arrived; the client may close
    feedbackState @4 :FeedbackState;
    fetched @5 :Fetched;
    listing @6 :Listing;
  }
}

# ---------------------------------------------------------------------------------------------
# Data plane, down
# ---------------------------------------------------------------------------------------------

struct BlockRange {
  first @0 :UInt32;            # SBN
  count @1 :UInt32;            # at least 1
}

struct BlockRepair {
  block @0 :UInt32;            # SBN
  symbols @1 :UInt16;          # how many
}

struct Heartbeat {
  # The state of the sender; each one replaces the last. Receivers use it to see losses at the end
  # of a burst, to measure the round trip, to hold back requests that are already being answered,
  # and to object when the sender is about to outrun them.
  sentAt @0 :UInt64;           # nanoseconds of the sender's clock, to be echoed
  pass @1 :UInt32;             # position of the sender: pass over the object …
  nextBlock @2 :UInt32;        # … and the block being sent, or the next one (block count: end of pass)
  edgePass @3 :UInt32;         # the sender means to start blocks before this position; a receiver
  edgeBlock @4 :UInt32;        #   without room for them objects with its own limit
  grttMicroseconds @5 :UInt32; # greatest round trip in the group, as the sender knows it
  groupSize @6 :UInt32;        # receivers
  statusIntervalMicroseconds @7 :UInt32; # each receiver's share of the feedback budget
  scheduled @8 :List(BlockRange);  # whole blocks being sent or waiting to be, lowest first, cut off at 32
  repairing @9 :List(BlockRepair); # repair symbols waiting to be sent, cut off at 64
  scheduledAll @10 :Bool;      # true when `scheduled` is not cut off
}

struct Manifest {
  # Digests (docs/protocol.md, 6) of `digests.size / 32` consecutive blocks, signed with the server's identity:
  # Ed25519 over "fleetcast manifest v1" + 0x00 + transmissionId + firstBlock (LE, 4 bytes) + digests.
  firstBlock @0 :UInt32;
  digests @1 :Data;
  signature @2 :Data;          # 64 bytes
}

struct Anchor {
  # A heartbeat that only the server can have sent. Whoever holds the group key can forge any other datagram; an
  # anchor replaces whatever those made of the sender's state (docs/protocol.md).
  heartbeat @0 :Data;          # a Heartbeat, alone in a message of its own: the bytes that are signed
  packet @1 :UInt64;           # the highest packet number used before this datagram
  signature @2 :Data;          # 64 bytes: Ed25519 over "fleetcast anchor v1" + 0x00 + transmissionId +
                               #   packet (LE, 8 bytes) + heartbeat
}

struct GroupMessage {
  union {
    heartbeat @0 :Heartbeat;
    manifest @1 :Manifest;
    anchor @2 :Anchor;
  }
}

# ---------------------------------------------------------------------------------------------
# Data plane, up
# ---------------------------------------------------------------------------------------------

enum LimitingFactor {
  # protocol/limiting_factor.hpp says how each is found.
  unknown @0;                  # too early to tell, or a receiver that does not say
  sender @1;                   # nothing here: it takes all that comes
  network @2;                  # datagrams are lost on the way
  host @3;                     # the kernel drops datagrams that nobody takes out in time
  consumer @4;                 # its cache is full of blocks that the consumer is not done with
}

struct Feedback {
  # Status and repair request of one receiver in one message; each one replaces the last.
  echoSentAt @0 :UInt64;       # sentAt of the newest heartbeat, 0 when there was none …
  echoHeldNanoseconds @1 :UInt64; # … and how long ago it arrived
  highestPacket @2 :UInt64;    # highest packet number received: what the request can know of
  receivedPackets @3 :UInt64;  # datagrams of the group that arrived, since joining
  lostPackets @4 :UInt64;      # packet numbers between the first and the highest that did not
  limitPass @5 :UInt32;        # this receiver has room for blocks before this position
  limitBlock @6 :UInt32;
  freeBlocks @7 :UInt32;
  completedBlocks @8 :UInt32;
  droppedNoRoom @9 :UInt64;    # datagrams dropped for want of a free block
  droppedByKernel @10 :UInt64; # datagrams the kernel dropped: receive buffer full
  repairs @11 :List(BlockRepair);  # blocks in assembly and the symbols each lacks, at most 64
  wanted @12 :List(BlockRange);    # blocks of which nothing is held and which are not scheduled, at most 24
  manifests @13 :List(BlockRange); # blocks whose digest is missing, at most 8
  limitedBy @14 :LimitingFactor;   # what keeps this receiver from going faster
  receivedControl @15 :UInt32;     # control datagrams among receivedPackets; 0 with an echo: the receiver does not say
}
