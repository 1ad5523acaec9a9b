"""What tests/perf/side_by_side is made of: tools, scenarios, the report."""
