// What the API promises when there is no memory. Allocation fails in this program where a test says so,
// on its own thread only.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <cstdlib>
#include <new>
#include <string>

namespace {

/// Allocations of this thread until one fails; negative: none does.
thread_local int allocations_left = -1;

void* allocate(std::size_t size) {
  if (allocations_left == 0)
    throw std::bad_alloc{};
  if (allocations_left > 0)
    --allocations_left;
  if (void* memory = std::malloc(size == 0 ? 1 : size))
    return memory;
  throw std::bad_alloc{};
}

} // namespace

// The array forms come down to these. Inlined, they make GCC complain of memory from one and to the other.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace fleetcast::conformance {

/// The `n`-th allocation from now on fails, and every one after it.
class scarce_memory {
public:
  explicit scarce_memory(int n) { allocations_left = n; }
  ~scarce_memory() { allocations_left = -1; }

  scarce_memory(const scarce_memory&) = delete;
  scarce_memory& operator=(const scarce_memory&) = delete;

  static bool was_enough() { return allocations_left > 0; }
};

using NoMemory = api_test;

/// Makes `call` with less memory than it needs, one allocation more each time, until it has enough.
/// Gives how often it had too little.
template <class Call>
int starve(Call call) {
  for (int n = 0; n < 1000; ++n) {
    DWORD answer = 0;
    bool enough = false;
    {
      scarce_memory scarce{n};
      answer = call();
      enough = scarce_memory::was_enough();
    }
    if (enough || answer == ERROR_SUCCESS) {
      EXPECT_EQ(answer, DWORD{ERROR_SUCCESS});
      return n;
    }
    EXPECT_EQ(answer, DWORD{ERROR_NOT_ENOUGH_MEMORY}) << "at allocation " << n;
  }
  ADD_FAILURE() << "it never had enough";
  return 0;
}

TEST_F(NoMemory, InitializeSessionSaysSoAndLeavesNothingBehind) {
  proves("R-ISES-18 R-ISES-16 CODE-8");
  auto request = good_request();
  std::wstring long_name(1000, L'o'); // no string of ours holds it without memory
  request.pwszObjectName = long_name.c_str();
  HANDLE key = nullptr;
  const auto failures = starve([&] {
    EXPECT_EQ(sessions_known(), 0U);
    key = &request;
    const auto answer = WdsTransportClientInitializeSession(&request, nullptr, &key);
    EXPECT_EQ(key == nullptr, answer != ERROR_SUCCESS);
    return answer;
  });
  EXPECT_GT(failures, 0);
  EXPECT_EQ(sessions_known(), 1U);
  EXPECT_EQ(WdsTransportClientCloseSession(key), DWORD{ERROR_SUCCESS});
}

TEST_F(NoMemory, StartSessionSaysSoAndCanBeRepeated) {
  proves("R-START-8 CODE-8");
  auto& program = make_consumer();
  prepare(program);
  DWORD answer = 0;
  {
    scarce_memory scarce{0};
    answer = WdsTransportClientStartSession(program.key);
  }
  EXPECT_EQ(answer, DWORD{ERROR_NOT_ENOUGH_MEMORY});
  EXPECT_EQ(program.register_callbacks(), DWORD{ERROR_SUCCESS}) << "as if it had not been called";
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 0"});
}

} // namespace fleetcast::conformance
