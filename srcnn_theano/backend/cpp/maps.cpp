#section support_code

/* The op: something done to feature maps, each of which stays where it lies in memory. */

namespace {

/* As in Maps.params_type in maps.py. */
enum { PRELU, PRELU_GRADIENT, ADD, POOL, POOL_GRADIENT, SUMS, TOTAL };

/* Maps as n images of `outer` rows of `inner` neighbours in memory. With the channels
   last, an image's row is one of these and a map is every `channels`-th of them;
   else each map of an image is one. */
struct Layout {
  npy_intp n, outer, inner, channels;
  bool channels_last;
  npy_intp size() const { return n * outer * inner; }
};

Layout layout_of(PyArrayObject *maps) {
  const npy_intp *dims = PyArray_DIMS(maps);
  Layout result = {dims[0], dims[1], dims[2] * dims[3], dims[1], false};
  if (is_dense(maps, true)) {
    result.channels_last = true;
    result.outer = dims[2];
    result.inner = dims[3] * dims[1];
  }
  return result;
}

/* The slope of each element: of a row of neighbours, or of the one map it is. */
struct Slopes {
  std::vector<float> row;
  Slopes(PyArrayObject *array, const Layout &maps)
      : row(maps.channels_last ? maps.inner : maps.channels) {
    const npy_intp n_slopes = PyArray_DIM(array, 0);
    for (size_t i = 0; i < row.size(); i++)
      row[i] = *(float *)PyArray_GETPTR1(array, n_slopes == 1 ? 0 : i % n_slopes);
  }
};

/* y = x where x > 0, else a * x */
void prelu(const Layout &maps, const Slopes &slopes, const float *x, float *y) {
  const npy_intp inner = maps.inner;
#pragma omp parallel for if (maps.size() > 1 << 16)
  for (npy_intp row = 0; row < maps.n * maps.outer; row++) {
    const float *from = x + row * inner;
    float *to = y + row * inner;
    if (maps.channels_last) {
      const float *a = &slopes.row[0];
#pragma omp simd
      for (npy_intp i = 0; i < inner; i++) {
        const float scaled = a[i] * from[i];
        to[i] = from[i] <= 0 ? scaled : from[i];
      }
    } else {
      const float a = slopes.row[row % maps.outer];
#pragma omp simd
      for (npy_intp i = 0; i < inner; i++) {
        const float scaled = a * from[i];
        to[i] = from[i] <= 0 ? scaled : from[i];
      }
    }
  }
}

/* dx = dy where x > 0, else a * dy;  da = sum of dy * x where x <= 0.
   The sums of each image are single precision, those over images double. */
void prelu_gradient(const Layout &maps, const Slopes &slopes, const float *x,
                    const float *dy, float *dx, float *da, npy_intp n_slopes) {
  const npy_intp inner = maps.inner, width = slopes.row.size();
  std::vector<float> sums(maps.n * width);
#pragma omp parallel for if (maps.size() > 1 << 16)
  for (npy_intp image = 0; image < maps.n; image++) {
    float *sum = &sums[image * width];
    for (npy_intp row = 0; row < maps.outer; row++) {
      const npy_intp start = (image * maps.outer + row) * inner;
      const float *in = x + start, *gradient = dy + start;
      float *to = dx + start;
      if (maps.channels_last) {
        const float *a = &slopes.row[0];
#pragma omp simd
        for (npy_intp i = 0; i < inner; i++) {
          const float scaled = a[i] * gradient[i], product = in[i] * gradient[i];
          to[i] = in[i] <= 0 ? scaled : gradient[i];
          sum[i] += in[i] <= 0 ? product : 0;
        }
      } else {
        const float a = slopes.row[row];
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (npy_intp i = 0; i < inner; i++) {
          const float scaled = a * gradient[i], product = in[i] * gradient[i];
          to[i] = in[i] <= 0 ? scaled : gradient[i];
          total += in[i] <= 0 ? product : 0;
        }
        sum[row] = total;
      }
    }
  }
  std::vector<double> row(width), total(n_slopes);
  for (npy_intp image = 0; image < maps.n; image++) {
#pragma omp simd
    for (npy_intp i = 0; i < width; i++) row[i] += sums[image * width + i];
  }
  for (npy_intp i = 0; i < width; i++) total[i % n_slopes] += row[i];
  for (npy_intp i = 0; i < n_slopes; i++) da[i] = (float)total[i];
}

void add(const Layout &maps, const float *x, const float *y, float *sum) {
  const npy_intp size = maps.size();
#pragma omp parallel for simd if (size > 1 << 16)
  for (npy_intp i = 0; i < size; i++) sum[i] = x[i] + y[i];
}

/* The sum of all numbers of each map, or of all maps for `n_sums` = 1. Those of a part
   are double precision, and the parts are the same for any number of threads. */
void sums(const Layout &maps, const float *x, float *to, npy_intp n_sums) {
  enum { LANES = 32 };
  const npy_intp inner = maps.inner, rows = maps.n * maps.outer,
                 width = maps.channels_last ? maps.channels : 1;
  std::vector<double> of_rows(rows * width);
#pragma omp parallel for if (maps.size() > 1 << 15)
  for (npy_intp row = 0; row < rows; row++) {
    const float *from = x + row * inner;
    double *sum = &of_rows[row * width];
    if (maps.channels_last) {
      for (npy_intp i = 0; i < inner; i += width)
#pragma omp simd
        for (npy_intp m = 0; m < width; m++) sum[m] += from[i + m];
    } else {
      double lanes[LANES] = {0};
      npy_intp i = 0;
      for (; i + LANES <= inner; i += LANES)
#pragma omp simd
        for (int lane = 0; lane < LANES; lane++) lanes[lane] += from[i + lane];
      for (; i < inner; i++) lanes[0] += from[i];
      for (int lane = 0; lane < LANES; lane++) *sum += lanes[lane];
    }
  }
  std::vector<double> total(n_sums);
  for (npy_intp row = 0; row < rows; row++) {
    const npy_intp first = maps.channels_last ? 0 : row % maps.channels;
    for (npy_intp m = 0; m < width; m++)
      total[n_sums == 1 ? 0 : first + m] += of_rows[row * width + m];
  }
  for (npy_intp i = 0; i < n_sums; i++) to[i] = (float)total[i];
}

/* Where windows of two by two lie in the maps. */
struct Windows {
  npy_intp images, height, width, inner;
  Windows(const Layout &maps, const npy_intp *dims)
      : images(maps.channels_last ? dims[0] : dims[0] * dims[1]), height(dims[2]),
        width(dims[3]), inner(maps.channels_last ? dims[1] : 1) {}
  npy_intp rows() const { return images * (height / 2); }
  npy_intp start(npy_intp row) const { /* of the windows' row, in the maps */
    return (row / (height / 2) * height + row % (height / 2) * 2) * width * inner;
  }
};

/* The larger of two; NaN if there is one. */
inline float larger(float a, float b) { return a > b || a != a ? a : b; }

void pool(const Windows &w, const float *x, float *y) {
  const npy_intp down = w.width * w.inner, inner = w.inner;
#pragma omp parallel for if (w.rows() * down > 1 << 15)
  for (npy_intp row = 0; row < w.rows(); row++)
    for (npy_intp col = 0; col < w.width / 2; col++) {
      const float *from = x + w.start(row) + 2 * col * inner;
      float *to = y + (row * (w.width / 2) + col) * inner;
#pragma omp simd
      for (npy_intp i = 0; i < inner; i++)
        to[i] = larger(larger(from[i], from[i + inner]),
                       larger(from[i + down], from[i + down + inner]));
    }
}

/* Each of a window's numbers that is the largest gets the window's gradient. */
void pool_gradient(const Windows &w, const float *x, const float *dy, float *dx) {
  const npy_intp down = w.width * w.inner, inner = w.inner;
  memset(dx, 0, sizeof(float) * w.images * w.height * down);
#pragma omp parallel for if (w.rows() * down > 1 << 15)
  for (npy_intp row = 0; row < w.rows(); row++)
    for (npy_intp col = 0; col < w.width / 2; col++) {
      const npy_intp at = w.start(row) + 2 * col * inner;
      const float *from = x + at, *gradient = dy + (row * (w.width / 2) + col) * inner;
      float *to = dx + at;
#pragma omp simd
      for (npy_intp i = 0; i < inner; i++) {
        const float a = from[i], b = from[i + inner], c = from[i + down],
                    d = from[i + down + inner], g = gradient[i];
        const float most = larger(larger(a, b), larger(c, d));
        to[i] = a == most ? g : 0;
        to[i + inner] = b == most ? g : 0;
        to[i + down] = c == most ? g : 0;
        to[i + down + inner] = d == most ? g : 0;
      }
    }
}

/* Whether the arguments fit each other; if not, Python is told why. */
bool fit(npy_int64 what, PyArrayObject *maps, const npy_intp *other_shape,
         PyArrayObject *other, PyArrayObject *slopes) {
  if (other_shape && !PyArray_CompareLists(other_shape, PyArray_DIMS(other), 4)) {
    PyErr_SetString(PyExc_ValueError, "maps: the two have shapes that do not fit");
    return false;
  }
  const npy_intp n_slopes = PyArray_DIM(slopes, 0), n_maps = PyArray_DIM(maps, 1);
  if ((what == PRELU || what == PRELU_GRADIENT) && n_slopes != 1 && n_slopes != n_maps) {
    PyErr_Format(PyExc_ValueError, "maps: %ld slopes for %ld maps", (long)n_slopes,
                 (long)n_maps);
    return false;
  }
  return true;
}

void compute(npy_int64 what, const Layout &layout, const npy_intp *dims,
             PyArrayObject *slopes, const float *x, const float *y, float *to,
             float *vector, npy_intp length) {
  if (what == SUMS || what == TOTAL)
    sums(layout, x, vector, length);
  else if (what == ADD)
    add(layout, x, y, to);
  else if (what == POOL)
    pool(Windows(layout, dims), x, to);
  else if (what == POOL_GRADIENT)
    pool_gradient(Windows(layout, dims), x, y, to);
  else if (what == PRELU)
    prelu(layout, Slopes(slopes, layout), x, to);
  else
    prelu_gradient(layout, Slopes(slopes, layout), x, y, to, vector, length);
}

}  // namespace

#section support_code_apply

/* PRELU           maps, -, slopes         -> PReLU of the maps
   PRELU_GRADIENT  maps, gradient, slopes  -> gradient of the maps, of the slopes
   ADD             maps, maps              -> their sum
   POOL            maps                    -> the largest of each window of 2 x 2
   POOL_GRADIENT   maps, gradient          -> gradient of the maps
   SUMS            maps                    -> no maps, the sum of each
   TOTAL           maps                    -> no maps, the sum of all
   The results are laid out as the first maps are. */
int APPLY_SPECIFIC(work_on_maps)(PyArrayObject *maps, PyArrayObject *other,
                                 PyArrayObject *slopes, PyArrayObject **result,
                                 PyArrayObject **vector, PARAMS_TYPE *params) {
  const npy_int64 what = params->what;
  npy_intp *dims = PyArray_DIMS(maps);
  npy_intp pooled[4] = {dims[0], dims[1], dims[2] / 2, dims[3] / 2}, none[4] = {0};
  const bool sums_up = what == SUMS || what == TOTAL;
  const npy_intp *other_shape = what == PRELU || what == POOL || sums_up ? NULL
                                : what == POOL_GRADIENT                  ? pooled
                                                                         : dims;
  if (!fit(what, maps, other_shape, other, slopes)) return 1;
  const Layout layout = layout_of(maps);
  const npy_intp length = what == PRELU_GRADIENT ? PyArray_DIM(slopes, 0)
                          : what == SUMS         ? dims[1]
                                                 : what == TOTAL;
  npy_intp *shape = sums_up ? none : what == POOL ? pooled : dims;
  if (!prepare(result, shape, layout.channels_last) || !prepare_vector(vector, length))
    return 1;
  Reference x, y;
  x.array = laid_out(maps, layout.channels_last);
  if (other_shape) y.array = laid_out(other, layout.channels_last);
  if (!x.array || (other_shape && !y.array)) return 1;
  try {
    const LikeCaller threads(layout.size() > 1 << 15);
    compute(what, layout, dims, slopes, x.data(), y.array ? y.data() : NULL,
            (float *)PyArray_DATA(*result), (float *)PyArray_DATA(*vector), length);
    return 0;
  } catch (const std::exception &) {
    PyErr_NoMemory();
    return 1;
  }
}
