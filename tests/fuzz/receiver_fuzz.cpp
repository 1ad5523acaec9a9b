/// A receiver that is fed whatever the input says: noise, damaged and right datagrams of a group
/// member (nothing is sealed, so every datagram counts as authentic), and time.
///
/// Promises checked after each step: it does not contradict itself, holds no more memory than it
/// was given, and never hands out a wrong byte.
#include "protocol/receive/receiver.hpp"
#include "tests/support/protocol_fixture.hpp"

namespace {

using namespace fleetcast::protocol;

constexpr auto suite = wire::seal_suite::none;
constexpr std::uint16_t symbol_size = 32;
constexpr std::uint16_t k = 3;
constexpr block_number blocks = 7;
constexpr std::size_t cache = 4;

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

  std::uint32_t word() {
    std::uint32_t result = 0;
    for (int i = 0; i < 4; ++i)
      result = result << 8 | byte();
    return result;
  }

  /// Small numbers mostly, any number sometimes.
  std::uint32_t number() {
    const auto b = byte();
    return b < 250 ? b % 16 : word();
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
  fixture::identity server;
  fixture::sample_object object{blocks * k * symbol_size - 9, symbol_size, k};
  wire::manifest manifest = object.manifest(0, blocks, server);
};

void require(bool promise) {
  if (!promise)
    std::abort();
}

class run {
public:
  run(world& w, source input)
    : world_(w),
      input_(input),
      memory_(w.object.layout().block_size(), cache),
      receiver_(fixture::receiver_config_of(w.object.layout(), w.server, suite), memory_, now_) {}

  void to_the_end() {
    while (!input_.empty()) {
      step();
      take_blocks();
      fixture::bytes datagram;
      for (int said = 0; receiver_.take_feedback(now_, datagram); ++said)
        require(said < 2 && fixture::read_feedback(datagram, suite));
      require(receiver_.validate());
      require(memory_.available() <= memory_.capacity());
    }
  }

private:
  void step() {
    switch (input_.byte() % 9) {
      case 0:
        return receiver_.on_datagram(now_, input_.take(input_.byte()));
      case 1:
        return receiver_.on_datagram(now_, voice_.say(heartbeat()));
      case 2:
        return receiver_.on_datagram(now_, voice_.say(manifest()));
      case 3:
        return receiver_.on_datagram(now_, any_symbol());
      case 4:
        return receiver_.on_datagram(now_, control_noise());
      case 5:
        return pass_time();
      case 6:
        held_.clear();
        return receiver_.on_room(now_);
      case 7:
        voice_.set_next_packet(input_.number());
        return;
      default:
        return receiver_.on_datagram(now_, right_symbol());
    }
  }

  wire::heartbeat heartbeat() {
    wire::heartbeat m;
    m.sent_at = input_.number();
    m.next = {input_.number(), input_.number() % 12};
    m.edge = {input_.number(), input_.number()};
    m.grtt = microseconds(input_.number());
    m.group_size = input_.number();
    m.status_interval = microseconds(input_.number());
    m.scheduled_all = input_.byte() % 2 == 0;
    for (auto i = input_.byte() % 6; i > 0; --i)
      m.scheduled.push_back({input_.number(), 1 + input_.number() % 8});
    for (auto i = input_.byte() % 6; i > 0; --i)
      m.repairing.push_back({input_.number(), static_cast<std::uint16_t>(input_.number())});
    return m;
  }

  wire::manifest manifest() {
    auto m = world_.manifest;
    switch (input_.byte() % 4) {
      case 0:
        m.first_block = input_.number();
        break;
      case 1:
        m.digests.resize(1 + input_.byte() % defaults::manifest_capacity);
        break;
      default:
        break;
    }
    return m;
  }

  fixture::bytes right_symbol() {
    const auto block = input_.byte() % blocks;
    const auto id = static_cast<symbol_id>(input_.byte() % (2 * k));
    return voice_.say_symbol(world_.object, block, id);
  }

  fixture::bytes any_symbol() {
    const auto type = static_cast<wire::datagram_type>(1 + input_.byte() % 2);
    const auto block = input_.number();
    const auto id = static_cast<symbol_id>(input_.number());
    const std::size_t size = input_.byte() % 4 == 0 ? input_.byte() : symbol_size;
    return voice_.say(type, block, id, input_.take(size));
  }

  fixture::bytes control_noise() {
    return voice_.say(wire::datagram_type::control, input_.number(),
                      static_cast<symbol_id>(input_.number()), input_.take(input_.byte()));
  }

  void pass_time() {
    // To the next event now and then, or by up to a minute.
    const auto next = receiver_.next_event();
    if (input_.byte() % 2 == 0 && next != never)
      now_ = std::max(now_, next);
    else
      now_ += microseconds(input_.number() % 60'000'000);
    receiver_.on_time(now_);
  }

  void take_blocks() {
    for (auto& block : receiver_.take_blocks()) {
      require(block.number < blocks && !delivered_[block.number]);
      delivered_[block.number] = true;
      const auto own = world_.object.content_of(block.number);
      require(block.size == own.size() && std::equal(own.begin(), own.end(), block.bytes.get()));
      held_.push_back(std::move(block));
    }
  }

  world& world_;
  source input_;
  timestamp now_ = fixture::start;
  fixture::counted_memory memory_;
  receiver receiver_;
  fixture::group_voice voice_{suite};
  std::array<bool, blocks> delivered_{};
  std::vector<verified_block> held_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static world w;
  run{w, source{data, size}}.to_the_end();
  return 0;
}
