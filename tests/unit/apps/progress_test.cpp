#include "apps/common/progress.hpp"
#include "protocol/limiting_factor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::apps {

transfer_figures half_done() {
  transfer_figures figures;
  figures.object_bytes = 256 << 20;
  figures.written_bytes = 128 << 20;
  figures.seconds = 2;
  figures.bits_per_second = 512e6;
  figures.repaired_symbols = 12;
  return figures;
}

TEST(Format, BytesWithUnits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(5ULL << 30), "5.0 GiB");
  EXPECT_EQ(format_bytes(~0ULL), "16.0 EiB");
}

TEST(Format, RatesWithUnits) {
  EXPECT_EQ(format_rate(0), "0.00 Mbit/s");
  EXPECT_EQ(format_rate(1.5e6), "1.50 Mbit/s");
  EXPECT_EQ(format_rate(812.4e6), "812 Mbit/s");
  EXPECT_EQ(format_rate(999.7e6), "1.00 Gbit/s");
  EXPECT_EQ(format_rate(39e9), "39.00 Gbit/s");
}

TEST(Format, Times) {
  EXPECT_EQ(format_time(0), "0:00");
  EXPECT_EQ(format_time(6.2), "0:07");
  EXPECT_EQ(format_time(750), "12:30");
  EXPECT_EQ(format_time(3723), "1:02:03");
  EXPECT_EQ(format_time(1e18), "99:00:00");
}

TEST(Format, ABarShowsWhatThereIsToKnow) {
  auto bar = format_bar(half_done(), 120);
  EXPECT_EQ(bar, "[####################....................]  50 %  128.0 MiB of 256.0 MiB"
                 "  512 Mbit/s  0:03 left  12 repaired");
}

TEST(Format, ABarIsNeverWiderThanItsTerminal) {
  for (std::size_t columns = 0; columns < 200; ++columns)
    EXPECT_LE(format_bar(half_done(), columns).size(), columns);
}

TEST(Format, ABarOnANarrowTerminalStillSaysHowLongAndWhyNotFaster) {
  auto figures = half_done();
  figures.limited_by = FLEETCAST_LIMIT_NETWORK;
  figures.bits_per_second = 1.25e6;
  for (const std::size_t columns : {60, 80, 120}) {
    const auto bar = format_bar(figures, columns);
    EXPECT_NE(bar.find(" 50 %"), std::string::npos) << bar;
    EXPECT_NE(bar.find("14:19 left"), std::string::npos) << bar;
    EXPECT_TRUE(bar.ends_with("network loses packets")) << bar;
  }
  EXPECT_NE(format_bar(figures, 80).find("of 256.0 MiB"), std::string::npos) << "repairs go first";
}

TEST(Format, ABarOfAnEmptyObjectMakesSense) {
  EXPECT_NE(format_bar({}, 80).find("0 B of 0 B"), std::string::npos);
}

TEST(Format, ALineForLogs) {
  EXPECT_EQ(format_line(half_done()), "2 s: 128.0 MiB of 256.0 MiB (50 %)  512 Mbit/s  0:03 left"
                                      "  12 repaired");
}

TEST(Format, TheResultNamesEverythingOnce) {
  EXPECT_EQ(format_result("disk.img", half_done()),
            "disk.img: 134217728 bytes in 2.00 s, 512 Mbit/s, 12 symbols repaired, 0 packets lost, "
            "verified");
}

TEST(Format, WhatWasContinuedCountsAsThereButWasNotReceived) {
  auto figures = half_done();
  figures.proven_bytes = figures.written_bytes / 2;
  figures.written_bytes -= figures.proven_bytes;
  EXPECT_EQ(format_line(figures), format_line(half_done()));
  EXPECT_EQ(to_json(figures)["bytes"], 134217728);
  EXPECT_EQ(to_json(figures)["continued_bytes"], 67108864);
  EXPECT_NE(
    format_result("disk.img", figures).find("134217728 bytes, 67108864 of them continued, in"),
    std::string::npos)
    << format_result("disk.img", figures);
}

TEST(Format, TheResultSaysWhenNobodyVerified) {
  auto figures = half_done();
  figures.verified = false;
  EXPECT_NE(format_result("disk.img", figures).find(", NOT VERIFIED"), std::string::npos);
}

TEST(Format, JsonHasTheDocumentedFields) {
  auto event = to_json(half_done());
  EXPECT_EQ(event["object_bytes"], 268435456);
  EXPECT_EQ(event["bytes"], 134217728);
  EXPECT_EQ(event["continued_bytes"], 0);
  EXPECT_EQ(event["seconds"], 2.0);
  EXPECT_EQ(event["bits_per_second"], 512e6);
  EXPECT_EQ(event["repaired_symbols"], 12);
  EXPECT_EQ(event["lost_packets"], 0);
  EXPECT_EQ(event["limited_by"], "unknown");
}

TEST(Format, NamesWhatLimitsOnlyWhereTheUserCanHelp) {
  auto figures = half_done();
  for (const ULONG factor : {FLEETCAST_LIMIT_UNKNOWN, FLEETCAST_LIMIT_SENDER}) {
    figures.limited_by = factor;
    EXPECT_EQ(format_line(figures), format_line(half_done())) << limit_name(factor);
  }
  figures.limited_by = FLEETCAST_LIMIT_CONSUMER;
  EXPECT_THAT(format_line(figures), testing::EndsWith("waits for the disk"));
  EXPECT_THAT(format_bar(figures, 200), testing::EndsWith("waits for the disk"));
  figures.limited_by = FLEETCAST_LIMIT_NETWORK;
  EXPECT_THAT(format_line(figures), testing::EndsWith("network loses packets"));
  figures.limited_by = FLEETCAST_LIMIT_HOST;
  EXPECT_THAT(format_line(figures), testing::EndsWith("host drops packets"));
}

TEST(Format, KnowsEveryLimitingFactorByName) {
  for (const ULONG factor :
       {FLEETCAST_LIMIT_UNKNOWN, FLEETCAST_LIMIT_SENDER, FLEETCAST_LIMIT_NETWORK,
        FLEETCAST_LIMIT_HOST, FLEETCAST_LIMIT_CONSUMER})
    EXPECT_STREQ(limit_name(factor), to_string(static_cast<protocol::limiting_factor>(factor)));
  EXPECT_STREQ(limit_name(FLEETCAST_LIMIT_CONSUMER), "consumer");
  EXPECT_STREQ(limit_name(77), "unknown");
}

TEST(RateMeter, StartsRightAndFollows) {
  rate_meter meter;
  EXPECT_DOUBLE_EQ(meter.update(1, 1'000'000), 8e6);
  EXPECT_DOUBLE_EQ(meter.update(1, 5'000'000), 8e6); // no time has passed
  for (int second = 2; second < 40; ++second)
    meter.update(second, 1'000'000 + static_cast<std::uint64_t>(second - 1) * 2'000'000);
  EXPECT_NEAR(meter.update(40, 1'000'000 + 39ULL * 2'000'000), 16e6, 1e4);
}

TEST(RateMeter, FallsTowardsZeroInAStall) {
  rate_meter meter;
  meter.update(1, 1'000'000);
  double rate = 0;
  for (int second = 2; second < 30; ++second)
    rate = meter.update(second, 1'000'000);
  EXPECT_LT(rate, 8e6 / 1000);
}

TEST(RateMeter, IsNotHeldDownByTheTimeBeforeTheFirstByte) {
  rate_meter meter;
  meter.update(5, 0);
  EXPECT_DOUBLE_EQ(meter.update(6, 1'000'000), 8e6);
}

} // namespace fleetcast::apps
