#section support_code

/* A convolution with few maps on one side. */

namespace {

/* Three or four maps on one side would leave most of oneDNN's sixteen lanes empty.
   Then the columns of the filters become maps too: filters of one column are applied,
   and the maps that come of it (or go into it) are shifted and added. */
struct Unfolded : Plan {
  Geometry g;
  Direct *inner;
  npy_int64 n_maps;  /* on the narrow side */
  npy_int64 n_wide;  /* n_maps times columns: interleaved as (column, map) */
  size_t filters_offset, maps_offset;

  static bool serves(const Geometry &g) {
    const bool to_images = g.direction == TO_IMAGES;
    const npy_int64 narrow = to_images ? g.in : g.out, wide = to_images ? g.out : g.in;
    return narrow <= 4 && g.cols >= 3 && wide >= 8 && (to_images || g.stride_w == 1);
  }

  explicit Unfolded(const Geometry &geometry) : g(geometry), inner(NULL) {
    const bool to_images = g.direction == TO_IMAGES;
    Geometry one_column = g;
    n_maps = to_images ? g.in : g.out;
    n_wide = n_maps * g.cols;
    (to_images ? one_column.in : one_column.out) = n_wide;
    one_column.cols = one_column.stride_w = 1;
    one_column.left = one_column.right = one_column.slopes = one_column.bias = 0;
    one_column.width = one_column.out_width = to_images ? g.out_width : g.width;
    (to_images ? one_column.src_layout : one_column.dst_layout) = NHWC;
    inner = new Direct(one_column);
    filters_offset = aligned(inner->workspace_size);
    maps_offset = filters_offset +
                  aligned(sizeof(float) * g.out * g.in * g.rows * g.cols);
    workspace_size = maps_offset + aligned(sizeof(float) * g.batch * height() *
                                           width() * n_wide);
  }
  ~Unfolded() { delete inner; }

  npy_int64 height() const {
    return g.direction == TO_IMAGES ? g.height : g.out_height;
  }
  npy_int64 width() const {
    return g.direction == TO_IMAGES ? g.out_width : g.width;
  }

  void execute(void *const *data, char *work) {
    const int narrow = g.direction == TO_IMAGES ? SRC : DST;
    float *filters = (float *)(work + filters_offset),
          *maps = (float *)(work + maps_offset);
    void *inner_data[N_TENSORS] = {data[SRC], filters, data[DST]};
    inner_data[narrow] = maps;
    if (g.direction == TO_FILTERS) {
      spread((const float *)data[DST], maps);
      inner->execute(inner_data, work);
      move_filters(filters, (float *)data[FILTERS], true);
      if (g.bias) add_up((const float *)data[DST], (float *)data[BIAS]);
    } else {
      move_filters((float *)data[FILTERS], filters, false);
      inner->execute(inner_data, work);
      gather(maps, (const float *)data[BIAS], (const float *)data[SLOPES],
             (float *)data[narrow]);
    }
  }

  /* (out, in, row, column) <-> filters of one column, either way. */
  void move_filters(const float *from, float *to, bool back) const {
    const npy_int64 n_rows = g.rows;
    for (npy_int64 o = 0; o < g.out; o++)
      for (npy_int64 i = 0; i < g.in; i++)
        for (npy_int64 r = 0; r < n_rows; r++)
          for (npy_int64 c = 0; c < g.cols; c++) {
            const npy_int64 plain = ((o * g.in + i) * n_rows + r) * g.cols + c;
            const npy_int64 wide =
                g.direction == TO_IMAGES
                    ? (o * n_wide + c * g.in + i) * n_rows + r
                    : ((c * g.out + o) * g.in + i) * n_rows + r;
            to[back ? plain : wide] = from[back ? wide : plain];
          }
  }

  /* Strides of the array outside, in floats. */
  void strides_outside(npy_int64 *batch, npy_int64 *row, npy_int64 *col,
                       npy_int64 *map) const {
    const bool to_images = g.direction == TO_IMAGES;
    const npy_int64 h = to_images ? g.height : g.out_height,
                    w = to_images ? g.width : g.out_width;
    const bool last = (to_images ? g.src_layout : g.dst_layout) == NHWC;
    *batch = h * w * n_maps;
    *row = last ? w * n_maps : w;
    *col = last ? n_maps : 1;
    *map = last ? 1 : h * w;
  }

  /* The columns of maps (width) that meet a column of the filters inside. */
  void overlap(npy_int64 c, npy_int64 *start, npy_int64 *stop) const {
    /* outside column = stride * x + shift for TO_IMAGES, x - shift otherwise */
    const npy_int64 shift = c - g.left;
    if (g.direction == TO_IMAGES) {
      const npy_int64 s = g.stride_w;
      *start = shift < 0 ? (-shift + s - 1) / s : 0;
      *stop = std::min(g.out_width, (g.width - shift + s - 1) / s);
    } else {
      *start = std::max((npy_int64)0, shift);
      *stop = std::min(g.width, g.out_width + shift);
    }
  }

  npy_int64 outside(npy_int64 x, npy_int64 c) const {
    return g.direction == TO_IMAGES ? g.stride_w * x + c - g.left : x - c + g.left;
  }

  void gather(const float *maps, const float *bias, const float *slopes,
              float *result) const {
    npy_int64 batch, row, col, map;
    strides_outside(&batch, &row, &col, &map);
    const npy_int64 n_rows = g.batch * height(), w = width(),
                    length = g.direction == TO_IMAGES ? g.width : g.out_width;
#pragma omp parallel for
    for (npy_int64 r = 0; r < n_rows; r++) {
      const float *from = maps + r * w * n_wide;
      float *to = result + r / height() * batch + r % height() * row;
      for (npy_int64 x = 0; x < length; x++)
        for (npy_int64 m = 0; m < n_maps; m++)
          to[x * col + m * map] = g.bias ? bias[m] : 0;
      for (npy_int64 c = 0; c < g.cols; c++) {
        npy_int64 start, stop;
        overlap(c, &start, &stop);
        for (npy_int64 x = start; x < stop; x++)
          for (npy_int64 m = 0; m < n_maps; m++)
            to[outside(x, c) * col + m * map] += from[x * n_wide + c * n_maps + m];
      }
      if (g.slopes)
        for (npy_int64 x = 0; x < length; x++)
          for (npy_int64 m = 0; m < n_maps; m++)
            if (to[x * col + m * map] <= 0)
              to[x * col + m * map] *= slopes[g.slopes == 1 ? 0 : m];
    }
  }

  void spread(const float *gradient, float *maps) const {
    npy_int64 batch, row, col, map;
    strides_outside(&batch, &row, &col, &map);
    const npy_int64 n_rows = g.batch * height(), w = width();
#pragma omp parallel for
    for (npy_int64 r = 0; r < n_rows; r++) {
      const float *from = gradient + r / height() * batch + r % height() * row;
      float *to = maps + r * w * n_wide;
      memset(to, 0, sizeof(float) * w * n_wide);
      for (npy_int64 c = 0; c < g.cols; c++) {
        npy_int64 start, stop;
        overlap(c, &start, &stop);
        for (npy_int64 x = start; x < stop; x++)
          for (npy_int64 m = 0; m < n_maps; m++)
            to[x * n_wide + c * n_maps + m] = from[outside(x, c) * col + m * map];
      }
    }
  }

  void add_up(const float *gradient, float *result) const {
    npy_int64 batch, row, col, map;
    strides_outside(&batch, &row, &col, &map);
    for (npy_int64 m = 0; m < n_maps; m++) {
      double total = 0;
      for (npy_int64 n = 0; n < g.batch; n++)
        for (npy_int64 x = 0; x < g.out_height * g.out_width; x++)
          total += gradient[n * batch + x * col + m * map];
      result[m] = (float)total;
    }
  }
};

}  // namespace
