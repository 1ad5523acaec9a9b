#include "protocol/fec.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"

#include <isa-l.h>

#include <array>
#include <cstring>

namespace fleetcast::protocol {

namespace {

/// ISA-L expands each coefficient into a table of this many bytes.
constexpr std::size_t table_bytes = 32;

constexpr std::size_t max_symbols = defaults::max_encoding_symbols;

using symbol_pointers = std::array<unsigned char*, max_symbols>;

unsigned char* bytes(std::byte* data) noexcept {
  return reinterpret_cast<unsigned char*>(data);
}

/// ISA-L takes its inputs through pointers to non-const but does not write to them.
unsigned char* input(const std::byte* data) noexcept {
  return bytes(const_cast<std::byte*>(data));
}

unsigned char coefficient(symbol_id repair, symbol_id source) {
  return gf_inv(static_cast<unsigned char>(repair ^ source));
}

/// outputs = matrix (rows x columns) x inputs
void multiply(std::vector<unsigned char>& matrix, std::vector<unsigned char>& tables,
              std::size_t symbol_size, std::size_t rows, std::size_t columns,
              symbol_pointers& inputs, symbol_pointers& outputs) {
  tables.resize(rows * columns * table_bytes);
  ec_init_tables(static_cast<int>(columns), static_cast<int>(rows), matrix.data(), tables.data());
  ec_encode_data(static_cast<int>(symbol_size), static_cast<int>(columns), static_cast<int>(rows),
                 tables.data(), inputs.data(), outputs.data());
}

} // namespace

void fec_encoder::encode(std::span<const std::byte> source, std::uint16_t k, symbol_id first,
                         std::uint16_t count, std::span<std::byte> repair) {
  REQUIRE(k <= first && std::size_t{first} + count <= max_symbols, k, first, count);
  REQUIRE(source.size() >= std::size_t{k} * symbol_size_, source.size(), k, symbol_size_);
  REQUIRE(repair.size() >= std::size_t{count} * symbol_size_, repair.size(), count, symbol_size_);
  if (count == 0)
    return;
  matrix_.resize(std::size_t{count} * k);
  symbol_pointers inputs;
  symbol_pointers outputs;
  for (symbol_id j = 0; j < k; ++j)
    inputs[j] = input(source.data() + std::size_t{j} * symbol_size_);
  for (std::uint16_t i = 0; i < count; ++i) {
    outputs[i] = bytes(repair.data() + std::size_t{i} * symbol_size_);
    for (symbol_id j = 0; j < k; ++j)
      matrix_[std::size_t{i} * k + j] = coefficient(static_cast<symbol_id>(first + i), j);
  }
  multiply(matrix_, tables_, symbol_size_, count, k, inputs, outputs);
}

void fec_decoder::decode(std::span<std::byte> slots, std::span<const symbol_id> ids) {
  const auto k = ids.size();
  REQUIRE(k <= max_symbols && slots.size() >= k * symbol_size_, slots.size(), k, symbol_size_);
  std::array<symbol_id, max_symbols> missing;
  std::array<symbol_id, max_symbols> present;
  std::size_t missing_count = 0;
  std::size_t present_count = 0;
  for (std::size_t slot = 0; slot < k; ++slot) {
    if (ids[slot] == slot)
      present[present_count++] = static_cast<symbol_id>(slot);
    else
      missing[missing_count++] = static_cast<symbol_id>(slot);
  }
  if (missing_count == 0)
    return;
  const auto slot_at = [&](std::size_t slot) { return slots.data() + slot * symbol_size_; };
  // Step 1: what each repair symbol would be if only the missing source symbols were not zero.
  sums_.resize(missing_count * symbol_size_);
  symbol_pointers inputs;
  symbol_pointers outputs;
  for (std::size_t i = 0; i < missing_count; ++i)
    outputs[i] = bytes(sums_.data() + i * symbol_size_);
  const auto columns = present_count + missing_count;
  matrix_.assign(missing_count * columns, 0);
  for (std::size_t j = 0; j < present_count; ++j)
    inputs[j] = bytes(slot_at(present[j]));
  for (std::size_t i = 0; i < missing_count; ++i) {
    const auto repair = ids[missing[i]];
    inputs[present_count + i] = bytes(slot_at(missing[i]));
    auto* row = matrix_.data() + i * columns;
    for (std::size_t j = 0; j < present_count; ++j)
      row[j] = coefficient(repair, present[j]);
    row[present_count + i] = 1;
  }
  multiply(matrix_, tables_, symbol_size_, missing_count, columns, inputs, outputs);
  // Step 2: solve for the missing ones.
  matrix_.resize(missing_count * missing_count);
  inverse_.resize(missing_count * missing_count);
  for (std::size_t i = 0; i < missing_count; ++i)
    for (std::size_t j = 0; j < missing_count; ++j)
      matrix_[i * missing_count + j] = coefficient(ids[missing[i]], missing[j]);
  const auto singular
    = gf_invert_matrix(matrix_.data(), inverse_.data(), static_cast<int>(missing_count));
  ENSURE(singular == 0, missing_count, k);
  for (std::size_t i = 0; i < missing_count; ++i) {
    inputs[i] = outputs[i];
    outputs[i] = bytes(slot_at(missing[i]));
  }
  multiply(inverse_, tables_, symbol_size_, missing_count, missing_count, inputs, outputs);
}

} // namespace fleetcast::protocol
