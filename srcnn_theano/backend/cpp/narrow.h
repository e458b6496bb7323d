#section support_code

/* Convolutions of images with few maps. */

namespace {

/* Images of one to four maps leave most lanes of oneDNN's loops empty, which have these
   side by side. Here the lanes hold maps of the result, or of its gradient; a tap is a
   column of the filters and a map of the images. Threads share the rows of the result. */
struct Narrow : Plan {
  enum { VECTORS = 4 };

  Geometry g;
  npy_int64 n_groups, n_taps, width, padded_width, image_size;
  int n_threads;

  static npy_int64 groups(const Geometry &g) {
    return (g.out + VECTORS * LANES - 1) / (VECTORS * LANES);
  }

  static bool serves(const Geometry &g) {
    const bool fills_lanes = 4 * g.out >= 3 * groups(g) * VECTORS * LANES;
    return HAS_AVX512 && g.in <= 4 && fills_lanes && g.dst_layout == NHWC && !g.bf16;
  }

  explicit Narrow(const Geometry &geometry)
      : g(geometry), n_groups(groups(geometry)), n_taps(g.cols * g.in),
        width(n_groups * VECTORS * LANES),
        padded_width((g.out_width - 1) * g.stride_w + g.cols),
        n_threads(g.threads) {
    image_size = ((g.out_height - 1) * g.stride_h + g.rows) * padded_width * g.in;
  }

  npy_int64 row_start(npy_int64 n, npy_int64 y) const { /* in the result */
    return (n * g.out_height + y) * g.out_width * g.out;
  }

  /* What `count` rows of the result from y on see of an image, with its border. */
  void copy_rows(const float *images, npy_int64 n, npy_int64 y, npy_int64 count,
                 float *to) const {
    const bool last = g.src_layout == NHWC;
    const npy_int64 row = last ? g.width * g.in : g.width, col = last ? g.in : 1,
                    map = last ? 1 : g.height * g.width;
    const float *image = images + n * g.in * g.height * g.width;
    const npy_int64 n_rows = (count - 1) * g.stride_h + g.rows;
    memset(to, 0, sizeof(float) * n_rows * padded_width * g.in);
    for (npy_int64 r = 0; r < n_rows; r++) {
      const npy_int64 from = y * g.stride_h + r - g.top;
      if (from < 0 || from >= g.height) continue;
      const npy_int64 stop = std::min(padded_width, g.width + g.left);
      for (npy_int64 c = g.left; c < stop; c++)
        for (npy_int64 m = 0; m < g.in; m++)
          to[(r * padded_width + c) * g.in + m] =
              image[from * row + (c - g.left) * col + m * map];
    }
  }

  /* The first of the maps in a vector. The last vector may hold some twice. */
  npy_int64 start(npy_int64 vector) const {
    return std::min(vector * LANES, g.out - LANES);
  }
};

/* The maps of images of one channel. (Of three channels oneDNN makes them as fast.) */
struct FromNarrow : Narrow {
  enum { PIXELS = 6 };
  size_t filters_size, share;

  static bool serves(const Geometry &g) {
    return g.direction == FORWARD && g.in == 1 && Narrow::serves(g);
  }

  explicit FromNarrow(const Geometry &geometry) : Narrow(geometry) {
    filters_size = aligned(sizeof(float) * (g.rows * n_taps + 2) * width);
    share = aligned(sizeof(float) * image_size);
    workspace_size = filters_size + n_threads * share;
  }

  void execute(void *const *data, char *work) {
    float *filters = (float *)work, *maps = (float *)data[DST];
    arrange((const float *)data[FILTERS], (const float *)data[BIAS],
            (const float *)data[SLOPES], filters);
#pragma omp parallel for num_threads(n_threads) schedule(static, 1)
    for (int thread = 0; thread < n_threads; thread++) {
      float *image = (float *)(work + filters_size + thread * share);
      for_rows(g.batch, g.out_height, thread, n_threads,
               [=](npy_int64 n, npy_int64 y, npy_int64 count) {
                 copy_rows((const float *)data[SRC], n, y, count, image);
                 for (npy_int64 r = 0; r < count; r++)
                   make_row(image + r * g.stride_h * padded_width * g.in, filters,
                            maps + row_start(n, y + r));
               });
    }
  }

  /* From Theano's order to (row, tap, lane); then the biases and the slopes. */
  void arrange(const float *from, const float *bias, const float *slopes,
               float *filters) const {
    float *biases = filters + g.rows * n_taps * width;
    for (npy_int64 lane = 0; lane < width; lane++) {
      const npy_int64 o = start(lane / LANES) + lane % LANES;
      for (npy_int64 r = 0; r < g.rows; r++)
        for (npy_int64 tap = 0; tap < n_taps; tap++)
          filters[(r * n_taps + tap) * width + lane] =
              from[((o * g.in + tap % g.in) * g.rows + r) * g.cols + tap / g.in];
      biases[lane] = g.bias ? bias[o] : 0;
      biases[width + lane] = g.slopes ? slopes[g.slopes == 1 ? 0 : o] : 1;
    }
  }

  void make_row(const float *image, const float *filters, float *maps) const {
    for (npy_int64 x = 0; x < g.out_width; x += PIXELS)
      for (npy_int64 group = 0; group < n_groups; group++)
        make_pixels(image, filters + group * VECTORS * LANES, x, group, maps);
  }

  /* Near the end of a row, the last pixel is made more than once. */
  void make_pixels(const float *image, const float *filters, npy_int64 x,
                   npy_int64 group, float *maps) const {
    const float *from[PIXELS];
    npy_int64 place[PIXELS];
    Vector total[PIXELS][VECTORS];
    const float *biases = filters + g.rows * n_taps * width, *slopes = biases + width;
    for (int p = 0; p < PIXELS; p++) {
      place[p] = std::min(x + p, g.out_width - 1);
      from[p] = image + place[p] * g.stride_w * g.in;
    }
#pragma GCC unroll 8
    for (int p = 0; p < PIXELS; p++)
#pragma GCC unroll 8
      for (int v = 0; v < VECTORS; v++)
        total[p][v] = *(const Vector *)(biases + v * LANES);
    for (npy_int64 r = 0; r < g.rows; r++)
      for (npy_int64 tap = 0; tap < n_taps; tap++, filters += width) {
        const npy_int64 at = r * padded_width * g.in + tap;
        Vector lanes[VECTORS];
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++)
          lanes[v] = *(const Vector *)(filters + v * LANES);
#pragma GCC unroll 8
        for (int p = 0; p < PIXELS; p++)
#pragma GCC unroll 8
          for (int v = 0; v < VECTORS; v++) total[p][v] += lanes[v] * from[p][at];
      }
#pragma GCC unroll 8
    for (int p = 0; p < PIXELS; p++)
#pragma GCC unroll 8
      for (int v = 0; v < VECTORS; v++) {
        const Vector sum = total[p][v],
                     scaled = sum * *(const Vector *)(slopes + v * LANES);
        *(Vector *)(maps + place[p] * g.out + start(group * VECTORS + v)) =
            sum <= 0 ? scaled : sum;
      }
  }
};

/* The gradient to the filters: each of its pixels is loaded once for as many taps as
   there are registers for their sums. */
struct ToNarrowFilters : Narrow {
  enum { MOST_TAPS = 7 };
  npy_int64 sums_size;

  static bool serves(const Geometry &g) {
    return g.direction == TO_FILTERS && Narrow::serves(g);
  }

  explicit ToNarrowFilters(const Geometry &geometry) : Narrow(geometry) {
    /* The last ones are the bias's, and those of some pixels. */
    sums_size = (g.rows * n_taps + 2) * width;
    workspace_size = n_threads * aligned(sizeof(float) * (sums_size + image_size));
  }

  void execute(void *const *data, char *work) {
    const size_t share = workspace_size / n_threads;
    const float *gradient = (const float *)data[DST];
#pragma omp parallel for num_threads(n_threads) schedule(static, 1)
    for (int thread = 0; thread < n_threads; thread++) {
      float *sums = (float *)(work + thread * share), *image = sums + sums_size;
      memset(sums, 0, sizeof(float) * sums_size);
      for_rows(g.batch, g.out_height, thread, n_threads,
               [=](npy_int64 n, npy_int64 y, npy_int64 count) {
                 copy_rows((const float *)data[SRC], n, y, count, image);
                 add_rows(gradient + row_start(n, y), image, count, sums);
               });
    }
    float *total = (float *)work;
    for (int thread = 1; thread < n_threads; thread++) {
      const float *sums = (const float *)(work + thread * share);
      for (npy_int64 i = 0; i < sums_size; i++) total[i] += sums[i];
    }
    write(total, (float *)data[FILTERS], (float *)data[BIAS]);
  }

  /* Some pixels at a time are added up by themselves: a sum in single precision of very
     many would lose what is small beside it. */
  void add_rows(const float *gradient, const float *image, npy_int64 n_rows,
                float *sums) const {
    const npy_int64 some = std::max((npy_int64)1, 1024 / g.out_width);
    for (npy_int64 y = 0; y < n_rows; y += some)
      add_some(gradient + y * g.out_width * g.out,
               image + y * g.stride_h * padded_width * g.in, std::min(some, n_rows - y),
               sums);
  }

  void add_some(const float *gradient, const float *image, npy_int64 n_rows,
                float *sums) const {
    for (npy_int64 r = 0; r < g.rows; r++)
      for (npy_int64 group = 0; group < n_groups; group++) {
        const npy_int64 n_tiles = (n_taps + MOST_TAPS - 1) / MOST_TAPS;
        for (npy_int64 tile = 0; tile < n_tiles; tile++) {
          const npy_int64 tap = n_taps * tile / n_tiles,
                          count = n_taps * (tile + 1) / n_tiles - tap;
          add_taps(count, gradient, group, image + r * padded_width * g.in + tap, n_rows,
                   sums + (r * n_taps + tap) * width + group * VECTORS * LANES);
        }
      }
    if (!g.bias) return;
    float *bias = sums + g.rows * n_taps * width, *here = bias + width;
    memset(here, 0, sizeof(float) * g.out);
    for (npy_int64 i = 0; i < n_rows * g.out_width; i++)
#pragma omp simd
      for (npy_int64 m = 0; m < g.out; m++) here[m] += gradient[i * g.out + m];
    for (npy_int64 m = 0; m < g.out; m++) bias[m] += here[m];
  }

  void add_taps(npy_int64 count, const float *gradient, npy_int64 group,
                const float *image, npy_int64 n_rows, float *sums) const {
    switch (count) {
      case 1: return add<1>(gradient, group, image, n_rows, sums);
      case 2: return add<2>(gradient, group, image, n_rows, sums);
      case 3: return add<3>(gradient, group, image, n_rows, sums);
      case 4: return add<4>(gradient, group, image, n_rows, sums);
      case 5: return add<5>(gradient, group, image, n_rows, sums);
      case 6: return add<6>(gradient, group, image, n_rows, sums);
      default: return add<7>(gradient, group, image, n_rows, sums);
    }
  }

  /* Each pixel of the gradient times what `TAPS` neighbours in the image hold. */
  template <int TAPS>
  void add(const float *gradient, npy_int64 group, const float *image,
           npy_int64 n_rows, float *sums) const {
    const float *from[VECTORS];
    Vector total[TAPS][VECTORS] = {};
    for (int v = 0; v < VECTORS; v++) from[v] = gradient + start(group * VECTORS + v);
    const npy_int64 step = g.stride_w * g.in;
    for (npy_int64 y = 0; y < n_rows; y++) {
      const float *pixel = image + y * g.stride_h * padded_width * g.in;
      for (npy_int64 x = 0; x < g.out_width; x++, pixel += step) {
        const npy_int64 at = (y * g.out_width + x) * g.out;
        Vector maps[VECTORS];
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++) maps[v] = *(const Vector *)(from[v] + at);
#pragma GCC unroll 8
        for (int tap = 0; tap < TAPS; tap++)
#pragma GCC unroll 8
          for (int v = 0; v < VECTORS; v++) total[tap][v] += maps[v] * pixel[tap];
      }
    }
#pragma GCC unroll 8
    for (int tap = 0; tap < TAPS; tap++)
#pragma GCC unroll 8
      for (int v = 0; v < VECTORS; v++)
        *(Vector *)(sums + tap * width + v * LANES) += total[tap][v];
  }

  /* From (row, column, map of the images, lane) to Theano's order. */
  void write(const float *sums, float *filters, float *bias) const {
    for (npy_int64 o = 0; o < g.out; o++) {
      const npy_int64 vector = o / LANES, lane = vector * LANES + o - start(vector);
      for (npy_int64 i = 0; i < g.in; i++)
        for (npy_int64 r = 0; r < g.rows; r++)
          for (npy_int64 c = 0; c < g.cols; c++)
            *filters++ = sums[(r * n_taps + c * g.in + i) * width + lane];
      if (g.bias) bias[o] = sums[g.rows * n_taps * width + o];
    }
  }
};

}  // namespace
