#section support_code

/* The gradient to images of few maps, which is also a deconvolution that makes some. */

namespace {

/* Each pixel of the gradient is multiplied by all filters, and the products are added
   to where the filters lie in the image. A vector holds taps (row, column and map of
   the image), so that few maps fill it as well. Threads share the rows of the images. */
struct Scattered : Plan {
  enum { MOST_VECTORS = 3, PIXELS = 8 };

  Geometry g;
  npy_int64 n_vectors, n_groups, width;
  size_t filters_size, share;
  int n_threads;

  static bool serves(const Geometry &g) {
    const npy_int64 n_taps = g.rows * g.cols * g.in;
    const bool fills_lanes = 4 * n_taps >= 3 * vectors_for(g) * LANES;
    return HAS_AVX512 && g.direction == TO_IMAGES && g.in <= 4 && g.out >= 8 &&
           fills_lanes && g.dst_layout == NHWC && !g.bf16;
  }

  static npy_int64 vectors_for(const Geometry &g) {
    return (g.rows * g.cols * g.in + LANES - 1) / LANES;
  }

  explicit Scattered(const Geometry &geometry)
      : g(geometry), n_vectors(vectors_for(g)),
        n_groups((n_vectors + MOST_VECTORS - 1) / MOST_VECTORS),
        width(n_vectors * LANES), n_threads(g.threads) {
    filters_size = aligned(sizeof(float) * g.out * width);
    const npy_int64 rearranged = in_place() ? 0 : g.height * g.width * g.in;
    share = aligned(sizeof(float) * (PIXELS * width + rearranged));
    workspace_size = filters_size + n_threads * share;
  }

  /* Whether an image's rows can be added to where they are. */
  bool in_place() const { return g.in == 1 || g.src_layout == NHWC; }

  npy_int64 group_start(npy_int64 group) const { return n_vectors * group / n_groups; }

  void execute(void *const *data, char *work) {
    float *filters = (float *)work;
    arrange((const float *)data[FILTERS], filters);
    float *images = (float *)data[SRC];
    const float *gradients = (const float *)data[DST];
#pragma omp parallel for num_threads(n_threads) schedule(static, 1)
    for (int thread = 0; thread < n_threads; thread++) {
      float *products = (float *)(work + filters_size + thread * share);
      for_rows(g.batch, g.height, thread, n_threads,
               [=](npy_int64 n, npy_int64 y, npy_int64 count) {
                 float *image = images + n * g.height * g.width * g.in,
                       *rows = in_place() ? image + y * g.width * g.in
                                          : products + PIXELS * width;
                 memset(rows, 0, sizeof(float) * count * g.width * g.in);
                 fill(gradients + n * g.out_height * g.out_width * g.out, filters, y,
                      y + count, products, rows);
                 if (!in_place()) put_apart(rows, y, count, image);
               });
    }
  }

  /* From Theano's order to (group of vectors, map of the gradient, tap). */
  void arrange(const float *from, float *filters) const {
    memset(filters, 0, filters_size);
    for (npy_int64 group = 0; group < n_groups; group++) {
      const npy_int64 first = group_start(group) * LANES,
                      stop = group_start(group + 1) * LANES,
                      n_taps = std::min(stop, g.rows * g.cols * g.in) - first;
      for (npy_int64 o = 0; o < g.out; o++)
        for (npy_int64 lane = 0; lane < n_taps; lane++) {
          const npy_int64 tap = first + lane, i = tap % g.in, place = tap / g.in;
          filters[first * g.out + o * (stop - first) + lane] =
              from[(o * g.in + i) * g.rows * g.cols + place];
        }
    }
  }

  /* The image's rows from y to stop. */
  void fill(const float *gradient, const float *filters, npy_int64 y, npy_int64 stop,
            float *products, float *rows) const {
    const npy_int64 first = std::max((npy_int64)0, y + g.top - g.rows + g.stride_h),
                    last = std::min(g.out_height - 1, (stop - 1 + g.top) / g.stride_h);
    for (npy_int64 r = first / g.stride_h; r <= last; r++)
      for (npy_int64 c = 0; c < g.out_width; c += PIXELS) {
        const npy_int64 count = std::min((npy_int64)PIXELS, g.out_width - c);
        const float *from[PIXELS]; /* of too few pixels, the last one counts again */
        for (npy_int64 p = 0; p < PIXELS; p++)
          from[p] =
              gradient + (r * g.out_width + c + std::min(p, count - 1)) * g.out;
        for (npy_int64 group = 0; group < n_groups; group++)
          multiply(group, from, filters, products);
        for (npy_int64 p = 0; p < count; p++)
          add(products + p * width, r * g.stride_h - g.top, (c + p) * g.stride_w - g.left,
              y, stop, rows);
      }
  }

  void multiply(npy_int64 group, const float *const *from, const float *filters,
                float *products) const {
    const npy_int64 start = group_start(group);
    filters += start * LANES * g.out;
    products += start * LANES;
    switch (group_start(group + 1) - start) {
      case 1: return multiply<1>(from, filters, products);
      case 2: return multiply<2>(from, filters, products);
      default: return multiply<3>(from, filters, products);
    }
  }

  template <int VECTORS>
  void multiply(const float *const *from, const float *filters, float *products) const {
    Vector total[PIXELS][VECTORS] = {};
    for (npy_int64 o = 0; o < g.out; o++) {
      Vector taps[VECTORS];
#pragma GCC unroll 8
      for (int v = 0; v < VECTORS; v++)
        taps[v] = *(const Vector *)(filters + (o * VECTORS + v) * LANES);
#pragma GCC unroll 8
      for (int p = 0; p < PIXELS; p++)
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++) total[p][v] += taps[v] * from[p][o];
    }
#pragma GCC unroll 8
    for (int p = 0; p < PIXELS; p++)
#pragma GCC unroll 8
      for (int v = 0; v < VECTORS; v++)
        *(Vector *)(products + p * width + v * LANES) = total[p][v];
  }

  /* The products of a pixel, to rows y to stop of an image; the filters' corner lies at
     (top, left) in the image, or outside of it. */
  void add(const float *products, npy_int64 top, npy_int64 left, npy_int64 y,
           npy_int64 stop, float *rows) const {
    const npy_int64 first = std::max((npy_int64)0, -left) * g.in,
                    last = std::min(g.cols, g.width - left) * g.in;
    for (npy_int64 r = std::max((npy_int64)0, y - top); r < std::min(g.rows, stop - top);
         r++) {
      float *to = rows + ((top + r - y) * g.width + left) * g.in;
      const float *from = products + r * g.cols * g.in;
#pragma omp simd
      for (npy_int64 i = first; i < last; i++) to[i] += from[i];
    }
  }

  /* Rows with the maps side by side, into an image of one map after another. */
  void put_apart(const float *rows, npy_int64 y, npy_int64 count, float *image) const {
    for (npy_int64 i = 0; i < g.in; i++)
      for (npy_int64 p = 0; p < count * g.width; p++)
        image[(i * g.height + y) * g.width + p] = rows[p * g.in + i];
  }
};

}  // namespace
