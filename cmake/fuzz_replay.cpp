/// Stands in for libFuzzer in ordinary builds: runs one fuzz target over its corpus, then over
/// mutations of it from a fixed seed. Finds little by itself; keeps what was found from coming back,
/// with every compiler and sanitizer.
///
/// Usage: <name>_fuzz [file or directory]...

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc, char*** argv);

namespace {

namespace fs = std::filesystem;

using bytes = std::vector<std::uint8_t>;

constexpr unsigned fixed_seed = 20'260'101;
constexpr int mutation_count = 20'000;
constexpr std::size_t max_input = 65'536;

bytes load(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

void run(const bytes& input) {
  // A buffer of exactly this size lets the address sanitizer see a read one byte too far.
  const bytes exact{input.begin(), input.end()};
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::size_t below(std::mt19937& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random);
}

bytes mutated(bytes input, std::mt19937& random) {
  const auto steps = 1 + below(random, 4);
  for (std::size_t step = 0; step < steps; ++step) {
    const auto value = static_cast<std::uint8_t>(below(random, 256));
    const auto kind = below(random, 4);
    if (input.empty() || kind == 0) {
      if (input.size() < max_input)
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(below(random, input.size() + 1)),
                     value);
    } else if (kind == 1) {
      input.resize(below(random, input.size()));
    } else if (kind == 2) {
      input[below(random, input.size())] = value;
    } else {
      input[below(random, input.size())] ^= static_cast<std::uint8_t>(1U << (value % 8));
    }
  }
  return input;
}

} // namespace

int main(int argc, char** argv) {
  if (LLVMFuzzerInitialize != nullptr)
    LLVMFuzzerInitialize(&argc, &argv);
  std::vector<bytes> corpus{bytes{}};
  for (int i = 1; i < argc; ++i) {
    const fs::path path{argv[i]};
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::directory_iterator{path})
        if (entry.is_regular_file())
          corpus.push_back(load(entry.path()));
    } else if (fs::exists(path)) {
      corpus.push_back(load(path));
    }
  }
  for (const auto& input : corpus)
    run(input);
  std::mt19937 random{fixed_seed};
  for (int i = 0; i < mutation_count; ++i)
    run(mutated(corpus[below(random, corpus.size())], random));
  std::printf("%zu corpus inputs and %d mutations ran\n", corpus.size(), mutation_count);
  return 0;
}
