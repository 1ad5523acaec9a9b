"""What tests/perf/side_by_side and tests/perf/ab are made of: tools, scenarios, the stage, the report."""
