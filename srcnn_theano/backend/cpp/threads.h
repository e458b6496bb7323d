#section support_code

/* OpenMP's threads do with subnormal numbers what the calling thread does. */

#ifndef SRCNN_THREADS_H
#define SRCNN_THREADS_H

#if defined(_OPENMP) && defined(__SSE2__)
#include <omp.h>
#include <xmmintrin.h>

namespace {

/* As long as it lives, if it is worth while. The bits of MXCSR are those of
   subnormals.py. */
struct LikeCaller {
  enum { TO_ZERO = 0x8040 };
  bool many;
  explicit LikeCaller(bool worth_while)
      : many(worth_while && (_mm_getcsr() & TO_ZERO) && omp_get_max_threads() > 1) {
    if (many) {
#pragma omp parallel
      {
        before() = _mm_getcsr();
        _mm_setcsr(before() | TO_ZERO);
      }
    }
  }
  ~LikeCaller() {
    if (many) {
#pragma omp parallel
      _mm_setcsr((_mm_getcsr() & ~TO_ZERO) | (before() & TO_ZERO));
    }
  }
 private:
  static unsigned &before() {
    static thread_local unsigned value;
    return value;
  }
  LikeCaller(const LikeCaller &);
  LikeCaller &operator=(const LikeCaller &);
};

}  // namespace

#else

namespace {
struct LikeCaller {
  explicit LikeCaller(bool) {}
};
}  // namespace

#endif

#endif
