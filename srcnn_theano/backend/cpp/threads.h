#section support_code

/* OpenMP's threads do with subnormal numbers what the calling thread does, for a while.

   A thread that begins meanwhile takes that over from the caller for good; so all but the
   caller count with subnormal numbers afterwards, whatever they did before. */

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
      _mm_setcsr(_mm_getcsr() | TO_ZERO);
    }
  }
  ~LikeCaller() {
    if (many) {
#pragma omp parallel
      if (omp_get_thread_num()) _mm_setcsr(_mm_getcsr() & ~TO_ZERO);
    }
  }
 private:
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
