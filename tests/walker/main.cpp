/// The random walker: for a while, every call of the API with every kind of argument, from several
/// threads and from inside callbacks, over a real server and over worlds that fail. See walk.hpp for
/// what it does and session.hpp for what it checks.
///
/// Random, so a run proves the absence of nothing; a seed makes the same decisions again, though threads
/// may still meet each other elsewhere.
#include "api/library.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/process_state.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/walker/walk.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <filesystem>
#include <iostream>
#include <random>

namespace fleetcast::walker {
namespace {

namespace testing = actors::testing;
using boost::asio::ip::tcp;

struct options {
  std::uint64_t seed = std::random_device{}();
  unsigned seconds = 20;
  unsigned threads = 4;
  unsigned patience = 120;
};

/// Ports at which nobody serves.
class closed_doors {
public:
  std::uint16_t refused() const { return refused_.local_endpoint().port(); }
  std::uint16_t silent() const { return silent_.local_endpoint().port(); }

private:
  static constexpr auto any = [] {
    return tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0};
  };

  boost::asio::io_context context_;
  tcp::socket refused_{context_, any()}; // bound, not listening
  tcp::acceptor silent_{context_, any()};
};

FLEETCAST_CONFIG configuration(const std::string& known_servers) {
  FLEETCAST_CONFIG config{};
  config.ulLength = sizeof(config);
  config.pszInterface = "lo";
  config.pszKnownServers = known_servers.c_str();
  return config;
}

int run(const options& with) {
  std::cout << "walker: seed " << with.seed << ", " << with.seconds << " s, " << with.threads
            << " threads" << std::endl;
  testing::temporary_directory state;
  testing::temporary_directory files;
  const auto known_servers = (state.path() / "known_servers").string();
  const auto objects = make_objects(with.seed);
  write_objects(objects, files.path());
  const closed_doors doors;
  auto sending = testing::small_block_options(state.path());
  sending.shape = {symbol_size, source_symbols};
  const testing::loopback_server server{sending, files.path()};
  const auto config = configuration(known_servers);

  const auto world = std::make_shared<bad_world>(bad_world{objects, server.port()});
  engines worlds{world, with.seed + 1};
  journal log{with.seed, std::chrono::seconds{with.patience}};
  walk walking{log,
               worlds,
               {objects, server.port(), doors.refused(), doors.silent(), known_servers},
               with.seed};
  log.describe = [&](std::ostream& out) { walking.print_sessions(out); };

  dice luck{with.seed + 2};
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{with.seconds};
  const auto next_round = [&] {
    FleetcastConfigure(&config);
    walking.round(std::chrono::milliseconds{20 + luck.below(400)}, with.threads);
  };
  const auto at_rest = testing::process_state::now();
  // Whatever is made once is made now.
  for (int i = 0; i < 5; ++i)
    next_round();
  const auto before = testing::process_state::settled_at(at_rest);
  while (std::chrono::steady_clock::now() < until)
    next_round();

  const auto after = testing::process_state::settled_at(before);
  walking.print(std::cout);
  worlds.print(std::cout);
  log.print(std::cout);
  std::cout << "  before " << before << "\n  after  " << after << std::endl;
  api::library::instance().replace_engine(nullptr);
  if (!after.same_threads_and_descriptors(before))
    log.fail("threads or descriptors are left");
  return 0;
}

} // namespace
} // namespace fleetcast::walker

int main(int argc, char** argv) {
  fleetcast::walker::options with;
  CLI::App app{"Walks the transport client API at random and checks what it promises."};
  app.add_option("--seed", with.seed, "repeats the decisions of another run (default: any)");
  app.add_option("--seconds", with.seconds, "how long")->capture_default_str();
  app.add_option("--threads", with.threads, "threads that walk")
    ->capture_default_str()
    ->check(CLI::Range(1, 64));
  app.add_option("--patience", with.patience, "seconds after which a call counts as stuck")
    ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return fleetcast::walker::run(with);
  } catch (const std::exception& problem) {
    std::cerr << "walker: " << problem.what() << std::endl;
    return 2;
  }
}
