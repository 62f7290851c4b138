"""What the benchmarks stand on: databases, books of any size, servers, load and clocks."""
