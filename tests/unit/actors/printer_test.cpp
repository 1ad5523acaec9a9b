#include "actors/kit/lazy_sharing.hpp"
#include "actors/observe/log.hpp"

#include <caf/all.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <stdexcept>

namespace fleetcast::actors {
namespace printer_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct lazy_config : caf::actor_system_config {
  lazy_config() { share_lazily(*this, 2); }
};

/// What is logged, from its making on.
class logged_lines {
public:
  logged_lines() {
    log().sinks() = {std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)};
    set_log_level(spdlog::level::err);
  }

  ~logged_lines() {
    set_log_level(spdlog::level::off);
    log().sinks().clear();
  }

  logged_lines(const logged_lines&) = delete;
  logged_lines& operator=(const logged_lines&) = delete;

  std::string text() const { return text_.str(); }

private:
  std::ostringstream text_;
};

TEST(Printer, LogsWhatCafSaysOfAnActorThatThrew) {
  logged_lines lines;
  ::testing::internal::CaptureStdout();
  {
    lazy_config config;
    caf::actor_system system{config};
    const auto throws = [](caf::event_based_actor*, int) -> caf::behavior {
      return {[](int) { throw std::runtime_error{"on purpose"}; }};
    };
    caf::anon_send(system.spawn(throws, 0), 1);
  }
  EXPECT_THAT(lines.text(),
              AllOf(HasSubstr("error"), HasSubstr("unhandled exception"), HasSubstr("on purpose")));
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

TEST(Printer, KeepsTheLinesOfActorsApart) {
  logged_lines lines;
  {
    lazy_config config;
    caf::actor_system system{config};
    caf::scoped_actor one{system};
    caf::scoped_actor other{system};
    caf::aout(one) << "first ";
    caf::aout(other) << "and ";
    caf::aout(one) << "line\nrest";
    caf::aout(other) << "another" << std::endl;
  }
  EXPECT_THAT(lines.text(),
              AllOf(HasSubstr("first line\n"), HasSubstr("and another\n"), HasSubstr("rest\n")));
}

} // namespace
} // namespace printer_test
} // namespace fleetcast::actors
