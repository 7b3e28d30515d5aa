#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace theta::replica {

/// For its lifetime this thread computes as every replica does: rounding to nearest, denormals kept. Game engines that
/// embed the SDK flush denormals to zero, and their scenes would come apart from everybody else's.
class FloatEnvironment {
 public:
#if defined(__x86_64__)
  FloatEnvironment() : before_(_mm_getcsr()) {
    if ((before_ & ~kExceptionFlags) != kStandard) _mm_setcsr(kStandard);
  }
  ~FloatEnvironment() {
    if ((before_ & ~kExceptionFlags) != kStandard) _mm_setcsr(before_);
  }
#elif defined(__aarch64__)
  FloatEnvironment() : before_(read()) {
    if (before_ != kStandard) write(kStandard);
  }
  ~FloatEnvironment() {
    if (before_ != kStandard) write(before_);
  }
#else
  // WebAssembly has no other environment.
  FloatEnvironment() = default;
  ~FloatEnvironment() = default;
#endif
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
#if defined(__x86_64__)
  static constexpr unsigned kExceptionFlags = 0x3f;
  static constexpr unsigned kStandard = 0x1f80;  // MXCSR: all exceptions masked, nothing else set
  unsigned before_;
#elif defined(__aarch64__)
  static constexpr std::uint64_t kStandard = 0;  // FPCR
  static std::uint64_t read() {
    std::uint64_t value = 0;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(std::uint64_t value) { __asm__ volatile("msr fpcr, %0" : : "r"(value)); }
  std::uint64_t before_;
#endif
};

}  // namespace theta::replica
