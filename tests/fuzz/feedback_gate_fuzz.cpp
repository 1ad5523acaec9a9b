/// The way of feedback into a sender: the gate is fed whatever the input says (nothing is sealed, so
/// every receiver may lie), and what it admits goes to the sender, which meanwhile sends.
///
/// Promises checked after each step: the sender does not contradict itself, asks for no more blocks
/// than its cache holds, and what it sends is decodable and within the object's geometry.
#include "protocol/send/feedback_gate.hpp"
#include "protocol/send/fixed_rate.hpp"
#include "protocol/send/sender.hpp"
#include "protocol/wire/data_codec.hpp"
#include "tests/support/protocol_fixture.hpp"

namespace {

using namespace fleetcast::protocol;

constexpr auto suite = wire::seal_suite::none;
constexpr std::uint16_t symbol_size = 32;
constexpr std::uint16_t k = 3;
constexpr block_number blocks = 50;
constexpr receiver_id members = 3;

/// The input, byte by byte; zeros when it is used up.
class source {
public:
  source(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty())
      return 0;
    const auto result = rest_.front();
    rest_ = rest_.subspan(1);
    return result;
  }

  /// Small numbers mostly, any number sometimes.
  std::uint64_t number() {
    const auto b = byte();
    if (b < 240)
      return b % 64;
    std::uint64_t result = 0;
    for (int i = 0; i < 8; ++i)
      result = result << 8 | byte();
    return result;
  }

  template <class T>
  T number_as() {
    return static_cast<T>(number());
  }

  fixture::bytes take(std::size_t size) {
    fixture::bytes result(size);
    for (auto& b : result)
      b = std::byte{byte()};
    return result;
  }

private:
  std::span<const std::uint8_t> rest_;
};

/// What all runs share, made once.
struct world {
  world() {
    for (block_number b = 0; b < blocks; ++b) {
      content.push_back(object.block(b));
      digests.push_back(object.digest_of(b));
    }
  }

  fixture::identity server;
  wire::manifest_signer signer = server.signer();
  fixture::sample_object object{blocks * k * symbol_size - 9, symbol_size, k};
  std::vector<const_block_buffer> content;
  std::vector<wire::digest> digests;
};

void require(bool promise) {
  if (!promise)
    std::abort();
}

class run {
public:
  run(const world& w, source input)
    : world_(w),
      input_(input),
      sender_(config_of(w.object.layout()), std::make_unique<fixed_rate>(1'000'000'000), w.signer) {
    for (receiver_id id = 1; id <= members; ++id)
      join(id);
  }

  void to_the_end() {
    while (!input_.empty()) {
      step();
      for (const auto block : sender_.take_reads())
        asked_.push_back(block);
      require(sender_.validate());
      require(asked_.size() <= defaults::sender_cache_blocks);
    }
  }

private:
  static sender_config config_of(const geometry& layout) {
    sender_config result{.layout = layout};
    result.session_tag = fixture::session_tag;
    result.lane = fixture::lane;
    return result;
  }

  void step() {
    switch (input_.byte() % 8) {
      case 0:
        return hear(input_.take(input_.byte()));
      case 1:
        return hear(with_header(input_.take(input_.byte())));
      case 2:
        now_ += microseconds(input_.number_as<std::uint32_t>() % 40'000'000);
        return drop_silent();
      case 3:
        return change_group();
      case 4:
        return read();
      case 5:
        return send();
      default:
        return hear(with_header(wire::encode(feedback())));
    }
  }

  wire::feedback feedback() {
    wire::feedback m;
    m.echo_sent_at
      = input_.byte() % 2 == 0 ? static_cast<std::uint64_t>(now_.count()) : input_.number();
    m.echo_held = duration{static_cast<std::int64_t>(input_.number())};
    m.highest_packet = input_.number();
    m.limit = {input_.number_as<std::uint32_t>(), input_.number_as<std::uint32_t>()};
    m.free_blocks = input_.number_as<std::uint32_t>();
    for (auto i = input_.byte() % 5; i > 0; --i)
      m.repairs.push_back({input_.number_as<std::uint32_t>(), input_.number_as<std::uint16_t>()});
    for (auto i = input_.byte() % 5; i > 0; --i)
      m.wanted.push_back(range());
    for (auto i = input_.byte() % 5; i > 0; --i)
      m.manifests.push_back(range());
    return m;
  }

  wire::block_range range() {
    return {input_.number_as<std::uint32_t>(), input_.number_as<std::uint32_t>()};
  }

  fixture::bytes with_header(const fixture::bytes& body) {
    wire::header h;
    h.type = wire::datagram_type::control;
    h.lane = fixture::lane;
    h.session_tag = fixture::session_tag;
    h.packet_number = input_.byte() % 8 == 0 ? input_.number() : ++packet_;
    h.block = 1 + input_.byte() % (members + 1);
    return fixture::seal(sealer_, h, body);
  }

  void hear(const fixture::bytes& datagram) {
    const auto in = gate_.admit(datagram);
    if (in && !sender_.on_feedback(now_, in->from, in->message))
      gate_.count_out_of_range();
  }

  void join(receiver_id id) {
    gate_.add(id, fixture::receiver_key(id));
    sender_.add_receiver(now_, id, input_.byte());
  }

  void change_group() {
    const receiver_id id = 1 + input_.byte() % members;
    if (!sender_.receivers().contains(id))
      return join(id);
    sender_.remove_receiver(now_, id);
    gate_.remove(id);
  }

  void drop_silent() {
    for (const auto id : sender_.take_silent(now_))
      gate_.remove(id);
  }

  /// Some of what was asked for comes, in any order.
  void read() {
    for (auto i = input_.byte() % 16; i > 0 && !asked_.empty(); --i) {
      const auto at = asked_.begin() + input_.byte() % static_cast<int>(asked_.size());
      require(!sender_.on_block(*at, world_.content[*at], world_.digests[*at]));
      asked_.erase(at);
    }
  }

  void send() {
    std::vector<outgoing_datagram> out;
    sender_.take(now_, input_.byte(), out);
    for (const auto& d : out)
      check(d);
    const auto next = sender_.next_event(now_);
    if (next != never)
      now_ = std::max(now_, next);
  }

  void check(const outgoing_datagram& d) const {
    const auto& layout = world_.object.layout();
    require(d.header.payload_size == d.payload.size());
    if (d.header.type == wire::datagram_type::control)
      return require(wire::decode_group_message(d.payload).has_value());
    require(d.header.block < blocks);
    const auto its_k = layout.source_symbols_of(d.header.block);
    const auto size = d.header.symbol < its_k ? layout.symbol_bytes(d.header.block, d.header.symbol)
                                              : layout.symbol_size();
    require(d.payload.size() == size && d.header.symbol < defaults::max_encoding_symbols);
  }

  const world& world_;
  source input_;
  timestamp now_ = fixture::start;
  wire::sealer sealer_{suite, fixture::receiver_key(1)};
  sender sender_;
  feedback_gate gate_{fixture::session_tag, fixture::lane, suite};
  std::uint64_t packet_ = 0;
  std::vector<block_number> asked_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const world w;
  run{w, source{data, size}}.to_the_end();
  return 0;
}
