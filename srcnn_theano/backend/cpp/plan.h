#section support_code

/* The parts of every way to convolve: the geometry that it is for, oneDNN's engine, a
   buffer for temporary arrays. */

#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

/* As in Convolution.params_type in onednn.py. */
enum { FORWARD, TO_FILTERS, TO_IMAGES };
enum { NCHW, NHWC };
enum { SRC, FILTERS, DST, BIAS, SLOPES, N_TENSORS };
enum { MOST_ENTRIES = 128 };

void check(dnnl_status_t status, const char *what) {
  if (status != dnnl_success)
    throw std::runtime_error(std::string("oneDNN failed to ") + what);
}

/* Sixteen numbers, anywhere in memory, as AVX-512 computes with them. */
enum { LANES = 16 };
typedef float Vector __attribute__((vector_size(64), aligned(4), may_alias));
#ifdef __AVX512F__
const bool HAS_AVX512 = true;
#else
const bool HAS_AVX512 = false;
#endif

int threads_at_most() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

/* A thread's share of the rows of all images: image, first row and number of rows. */
template <typename Work>
void for_rows(npy_int64 n_images, npy_int64 height, int thread, int n_threads,
              Work work) {
  const npy_int64 n_rows = n_images * height, stop = n_rows * (thread + 1) / n_threads;
  for (npy_int64 row = n_rows * thread / n_threads; row < stop;) {
    const npy_int64 y = row % height, count = std::min(height - y, stop - row);
    work(row / height, y, count);
    row += count;
  }
}

/* Everything a primitive depends on; compared as a row of integers. */
struct Geometry {
  npy_int64 direction, batch, in, height, width, out, rows, cols, out_height,
      out_width, stride_h, stride_w, top, left, bottom, right, bias, slopes,
      src_layout, dst_layout, bf16, threads;
  bool operator<(const Geometry &other) const {
    return memcmp(this, &other, sizeof(Geometry)) < 0;
  }
};

/* oneDNN descriptions are plain pointers: these two own them. */
struct Desc {
  dnnl_memory_desc_t md;
  Desc() : md(NULL) {}
  Desc(int ndims, const dnnl_dims_t dims, dnnl_format_tag_t tag,
       dnnl_data_type_t type = dnnl_f32)
      : md(NULL) {
    check(dnnl_memory_desc_create_with_tag(&md, ndims, dims, type, tag),
          "describe an array");
  }
  ~Desc() { if (md) dnnl_memory_desc_destroy(md); }
 private:
  Desc(const Desc &);
  Desc &operator=(const Desc &);
};

struct PrimitiveDesc {
  dnnl_primitive_desc_t pd;
  PrimitiveDesc() : pd(NULL) {}
  ~PrimitiveDesc() { if (pd) dnnl_primitive_desc_destroy(pd); }
  bool is_slow() const {
    const char *name = "";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    return strstr(name, "ref") || strstr(name, "gemm");
  }
  size_t scratchpad() const {
    return dnnl_memory_desc_get_size(
        dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0));
  }
 private:
  PrimitiveDesc(const PrimitiveDesc &);
  PrimitiveDesc &operator=(const PrimitiveDesc &);
};

dnnl_engine_t engine() {
  static dnnl_engine_t value = NULL;
  if (!value) {
    check(dnnl_engine_create(&value, dnnl_cpu, 0), "create its engine");
    dnnl_set_primitive_cache_capacity(MOST_ENTRIES);
  }
  return value;
}

dnnl_stream_t stream() {
  static dnnl_stream_t value = NULL;
  if (!value)
    check(dnnl_stream_create(&value, engine(), dnnl_stream_default_flags),
          "create its stream");
  return value;
}

/* One buffer for everything temporary, as large as the largest call needed. */
char *workspace(size_t size) {
  static void *data = NULL;
  static size_t capacity = 0;
  if (size > capacity) {
    free(data);
    data = NULL;
    capacity = 0;
    if (posix_memalign(&data, 64, size)) throw std::bad_alloc();
    capacity = size;
  }
  return (char *)data;
}

size_t aligned(size_t size) { return (size + 63) / 64 * 64; }

/* A way to convolve, made once for a geometry and then run on arrays. */
struct Plan {
  size_t workspace_size;
  npy_int64 last_used;
  Plan() : workspace_size(0), last_used(0) {}
  virtual ~Plan() {}
  virtual void execute(void *const *data, char *work) = 0;
};

}  // namespace
