#section support_code

/* What is done to feature maps one element at a time, without changing where each
   element lies: channels last, as oneDNN likes them, or Theano's own order. */

namespace {

enum { PRELU, PRELU_GRADIENT, ADD, POOL, POOL_GRADIENT };

/* Maps as n images of `outer` rows of `inner` neighbours in memory. With the channels
   last, an image's row is one of these and a map is every `channels`-th of them;
   else each map of an image is one. */
struct Layout {
  npy_intp n, outer, inner, channels;
  bool channels_last;
  npy_intp size() const { return n * outer * inner; }
};

bool is_dense(PyArrayObject *array, const int *order) {
  npy_intp expected = sizeof(float);
  for (int i = 0; i < 4; i++) {
    const npy_intp length = PyArray_DIM(array, order[i]);
    if (length != 1 && PyArray_STRIDE(array, order[i]) != expected) return false;
    expected *= length;
  }
  return PyArray_ISALIGNED(array);
}

const int LAST[] = {1, 3, 2, 0}, FIRST[] = {3, 2, 1, 0};

Layout layout_of(PyArrayObject *maps) {
  const npy_intp *dims = PyArray_DIMS(maps);
  Layout result = {dims[0], dims[1], dims[2] * dims[3], dims[1], false};
  if (is_dense(maps, LAST)) {
    result.channels_last = true;
    result.outer = dims[2];
    result.inner = dims[3] * dims[1];
  }
  return result;
}

/* A new array, or the one that is there already, laid out as asked. */
bool prepare(PyArrayObject **array, npy_intp *dims, bool channels_last) {
  if (*array && PyArray_ISWRITEABLE(*array) &&
      PyArray_CompareLists(PyArray_DIMS(*array), dims, 4) &&
      is_dense(*array, channels_last ? LAST : FIRST))
    return true;
  Py_XDECREF(*array);
  npy_intp strides[4], step = sizeof(float);
  for (int i = 0; i < 4; i++) {
    const int axis = channels_last ? LAST[i] : FIRST[i];
    strides[axis] = step;
    step *= dims[axis];
  }
  *array = (PyArrayObject *)PyArray_New(&PyArray_Type, 4, dims, NPY_FLOAT32, strides,
                                        NULL, 0, 0, NULL);
  return *array != NULL;
}

/* The array itself (a new reference) if it is laid out as asked, else a copy. */
PyArrayObject *laid_out(PyArrayObject *array, bool channels_last) {
  if (is_dense(array, channels_last ? LAST : FIRST)) {
    Py_INCREF(array);
    return array;
  }
  PyArrayObject *copy = NULL;
  if (prepare(&copy, PyArray_DIMS(array), channels_last) && PyArray_CopyInto(copy, array) == 0)
    return copy;
  Py_XDECREF(copy);
  return NULL;
}

/* The slope of each element: of a row of neighbours, or of the one map it is. */
struct Slopes {
  std::vector<float> row;
  Slopes(PyArrayObject *array, const Layout &maps)
      : row(maps.channels_last ? maps.inner : maps.channels) {
    const npy_intp given = PyArray_DIM(array, 0);
    for (size_t i = 0; i < row.size(); i++)
      row[i] = *(float *)PyArray_GETPTR1(array, given == 1 ? 0 : i % given);
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

void add(const Layout &maps, const float *one, const float *other, float *sum) {
  const npy_intp size = maps.size();
#pragma omp parallel for simd if (size > 1 << 16)
  for (npy_intp i = 0; i < size; i++) sum[i] = one[i] + other[i];
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

}  // namespace

#section support_code_apply

/* PRELU           maps, -, slopes         -> PReLU of the maps
   PRELU_GRADIENT  maps, gradient, slopes  -> gradient of the maps, of the slopes
   ADD             maps, maps              -> their sum
   POOL            maps                    -> the largest of each window of 2 x 2
   POOL_GRADIENT   maps, gradient          -> gradient of the maps
   The results are laid out as the first maps are. */
int APPLY_SPECIFIC(work_on_maps)(PyArrayObject *maps, PyArrayObject *other,
                                 PyArrayObject *slopes, PyArrayObject **result,
                                 PyArrayObject **slopes_gradient,
                                 PARAMS_TYPE *params) {
  const npy_int64 what = params->what;
  const npy_intp n_slopes = PyArray_DIM(slopes, 0);
  const npy_intp *given = PyArray_DIMS(maps);
  npy_intp pooled[4] = {given[0], given[1], given[2] / 2, given[3] / 2};
  const bool has_other = what != PRELU && what != POOL;
  if (has_other && !PyArray_CompareLists(what == POOL_GRADIENT ? pooled : given,
                                         PyArray_DIMS(other), 4)) {
    PyErr_SetString(PyExc_ValueError, "maps: the two have shapes that do not fit");
    return 1;
  }
  if ((what == PRELU || what == PRELU_GRADIENT) && n_slopes != 1 && n_slopes != PyArray_DIM(maps, 1)) {
    PyErr_Format(PyExc_ValueError, "maps: %ld slopes for %ld maps", (long)n_slopes,
                 (long)PyArray_DIM(maps, 1));
    return 1;
  }
  npy_intp n_sums = what == PRELU_GRADIENT ? n_slopes : 0;
  if (!*slopes_gradient || PyArray_DIM(*slopes_gradient, 0) != n_sums ||
      !PyArray_ISCARRAY(*slopes_gradient)) {
    Py_XDECREF(*slopes_gradient);
    *slopes_gradient = (PyArrayObject *)PyArray_ZEROS(1, &n_sums, NPY_FLOAT32, 0);
    if (!*slopes_gradient) return 1;
  }
  const Layout layout = layout_of(maps);
  if (!prepare(result, what == POOL ? pooled : PyArray_DIMS(maps),
               layout.channels_last))
    return 1;
  PyArrayObject *first = laid_out(maps, layout.channels_last),
                *second = has_other ? laid_out(other, layout.channels_last) : NULL;
  int failed = !first || (has_other && !second);
  if (!failed) {
    const float *x = (const float *)PyArray_DATA(first),
                *y = second ? (const float *)PyArray_DATA(second) : NULL;
    float *to = (float *)PyArray_DATA(*result);
    try {
      if (what == ADD)
        add(layout, x, y, to);
      else if (what == POOL)
        pool(Windows(layout, given), x, to);
      else if (what == POOL_GRADIENT)
        pool_gradient(Windows(layout, given), x, y, to);
      else if (what == PRELU)
        prelu(layout, Slopes(slopes, layout), x, to);
      else
        prelu_gradient(layout, Slopes(slopes, layout), x, y, to,
                       (float *)PyArray_DATA(*slopes_gradient), n_slopes);
    } catch (const std::exception &) {
      PyErr_NoMemory();
      failed = 1;
    }
  }
  Py_XDECREF(first);
  Py_XDECREF(second);
  return failed;
}
