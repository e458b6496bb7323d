#section support_code

/* The op: a convolution forward, its gradient to the filters or that to the images.
   One function serves all three, so that all graphs share one module. */

namespace {

Plan *new_plan(const Geometry &geometry) {
  if (Pointwise::serves(geometry)) return new Pointwise(geometry);
  if (FromNarrow::serves(geometry)) return new FromNarrow(geometry);
  if (ToNarrowFilters::serves(geometry)) return new ToNarrowFilters(geometry);
  if (Scattered::serves(geometry)) return new Scattered(geometry);
  if (Unfolded::serves(geometry)) return new Unfolded(geometry);
  return new Direct(geometry);
}

/* The plan for a geometry, made once; the longest unused one gives way. */
Plan &plan_for(const Geometry &geometry) {
  typedef std::map<Geometry, Plan *> Cache;
  static Cache cache;
  static npy_int64 clock = 0;
  Cache::iterator entry = cache.find(geometry);
  if (entry == cache.end()) {
    if (cache.size() >= MOST_ENTRIES) {
      Cache::iterator oldest = cache.begin();
      for (Cache::iterator i = cache.begin(); i != cache.end(); ++i)
        if (i->second->last_used < oldest->second->last_used) oldest = i;
      delete oldest->second;
      cache.erase(oldest);
    }
    entry = cache.insert(std::make_pair(geometry, new_plan(geometry))).first;
  }
  entry->second->last_used = ++clock;
  return *entry->second;
}

/* A gradient's value, times the derivative of a ReLU that gave m: 0 for -0, which is a
   negative number times 0, and `at_zero` for +0. */
inline float masked(float value, float m, float at_zero) {
  const float below = at_zero == 0 || std::signbit(m) ? 0 : at_zero * value;
  return m <= 0 ? below : value;
}

void apply_mask(PyArrayObject *values, PyArrayObject *mask, float at_zero) {
  const npy_intp *dims = PyArray_DIMS(values), *to = PyArray_STRIDES(values),
                 *from = PyArray_STRIDES(mask);
  if (is_dense(values, true) && is_dense(mask, true)) {
    float *v = (float *)PyArray_DATA(values);
    const float *m = (const float *)PyArray_DATA(mask);
    const npy_intp size = PyArray_SIZE(values);
#pragma omp parallel for simd
    for (npy_intp i = 0; i < size; i++) v[i] = masked(v[i], m[i], at_zero);
    return;
  }
  for (npy_intp n = 0; n < dims[0]; n++)
    for (npy_intp h = 0; h < dims[2]; h++)
      for (npy_intp w = 0; w < dims[3]; w++) {
        char *v = PyArray_BYTES(values) + n * to[0] + h * to[2] + w * to[3];
        const char *m =
            PyArray_BYTES(mask) + n * from[0] + h * from[2] + w * from[3];
        for (npy_intp c = 0; c < dims[1]; c++) {
          float *value = (float *)(v + c * to[1]);
          *value = masked(*value, *(const float *)(m + c * from[1]), at_zero);
        }
      }
}

/* --- What is asked for --- */

/* The op's arguments.
     FORWARD     a: images,   b: filters,  bias, slopes, mask
     TO_FILTERS  a: images,   b: gradient of the maps, shape
     TO_IMAGES   a: filters,  b: gradient of the maps, shape, mask
   `shape` holds the rows and columns of the result. An empty bias or mask is none, and
   a single slope of 1 is no PReLU. */
struct Arguments {
  PyArrayObject *a, *b, *bias, *slopes, *mask, *shape;
  npy_int64 stride_h, stride_w, top, bottom, left, right;
  bool relu, with_bias, channels_last;
  float at_zero;
  bool bf16;
};

/* What a plan needs to know of them, in whatever direction. */
struct Call {
  int a, b, result; /* each SRC, FILTERS or DST */
  npy_intp shapes[3][4];
  Geometry geometry;
};

/* Thrown when Python has been told what is wrong. */
struct Refused {};

Call call_of(npy_int64 direction, int a, int b, int result, const Arguments &given) {
  Call call = {a, b, result};
  memcpy(call.shapes[a], PyArray_DIMS(given.a), sizeof(call.shapes[a]));
  memcpy(call.shapes[b], PyArray_DIMS(given.b), sizeof(call.shapes[b]));
  call.geometry.direction = direction;
  call.geometry.threads = threads_at_most();
  return call;
}

/* A gradient's shape: its last two lengths are arguments. */
void set_result(Call &call, npy_intp n, npy_intp maps, const Arguments &given) {
  if (PyArray_DIM(given.shape, 0) != 2) {
    PyErr_SetString(PyExc_ValueError, "convolution: the shape needs two numbers");
    throw Refused();
  }
  npy_intp *shape = call.shapes[call.result];
  shape[0] = n, shape[1] = maps;
  shape[2] = *(npy_int64 *)PyArray_GETPTR1(given.shape, 0);
  shape[3] = *(npy_int64 *)PyArray_GETPTR1(given.shape, 1);
}

npy_int64 padding(npy_int64 asked, npy_int64 length) {
  return asked == -1 ? length / 2 : asked == -2 ? length - 1 : asked;
}

npy_int64 output_length(npy_int64 length, npy_int64 filter, npy_int64 before,
                        npy_int64 after, npy_int64 stride) {
  const npy_int64 room = length + before + after - filter;
  return room < 0 ? 0 : room / stride + 1;
}

/* The geometry that follows from the shapes of images and filters. */
void measure(Call &call, const Arguments &given) {
  Geometry &g = call.geometry;
  const npy_intp *src = call.shapes[SRC], *filters = call.shapes[FILTERS];
  g.batch = src[0], g.in = src[1], g.height = src[2], g.width = src[3];
  g.out = filters[0], g.rows = filters[2], g.cols = filters[3];
  g.bf16 = given.bf16 && (g.direction != FORWARD || g.in > 1);
  g.stride_h = given.stride_h, g.stride_w = given.stride_w;
  g.top = padding(given.top, g.rows), g.bottom = padding(given.bottom, g.rows);
  g.left = padding(given.left, g.cols), g.right = padding(given.right, g.cols);
  g.out_height = output_length(g.height, g.rows, g.top, g.bottom, g.stride_h);
  g.out_width = output_length(g.width, g.cols, g.left, g.right, g.stride_w);
}

void check_shapes(const Call &call) {
  const Geometry &g = call.geometry;
  const npy_intp *src = call.shapes[SRC], *filters = call.shapes[FILTERS],
                 *dst = call.shapes[DST];
  if (filters[1] == src[1] && filters[0] == dst[1] && src[0] == dst[0] &&
      dst[2] == g.out_height && dst[3] == g.out_width && g.out_height >= 1 &&
      g.out_width >= 1 && g.rows >= 1 && g.cols >= 1)
    return;
  const char *hint = "";
  if (src[1] == 3 && filters[1] == 1)
    hint = "; the images are in colour: give the network their luma, or make it with "
           "channels=3";
  if (src[1] == 1 && filters[1] == 3)
    hint = "; the images have one channel: repeat it three times, or make the network "
           "with channels=1";
  PyErr_Format(PyExc_ValueError,
               "convolution: images (%ld, %ld, %ld, %ld), filters (%ld, %ld, %ld, "
               "%ld) and maps (%ld, %ld, %ld, %ld) do not fit each other%s",
               (long)src[0], (long)src[1], (long)src[2], (long)src[3],
               (long)filters[0], (long)filters[1], (long)filters[2],
               (long)filters[3], (long)dst[0], (long)dst[1], (long)dst[2],
               (long)dst[3], hint);
  throw Refused();
}

void check_count(npy_intp count, const char *what, npy_intp n_filters) {
  if (count == n_filters) return;
  PyErr_Format(PyExc_ValueError, "convolution: %ld %s for %ld filters", (long)count,
               what, (long)n_filters);
  throw Refused();
}

/* --- The three directions --- */

Call forward(const Arguments &given) {
  Call call = call_of(FORWARD, SRC, FILTERS, DST, given);
  measure(call, given);
  Geometry &g = call.geometry;
  npy_intp *dst = call.shapes[DST];
  dst[0] = g.batch, dst[1] = g.out, dst[2] = g.out_height, dst[3] = g.out_width;
  check_shapes(call);
  g.bias = PyArray_SIZE(given.bias) > 0;
  if (g.bias) check_count(PyArray_SIZE(given.bias), "biases", g.out);
  /* ReLU is a PReLU of slope 0, which lets NaN through: oneDNN's ReLU makes it 0. */
  g.slopes = given.relu ? 1 : PyArray_SIZE(given.slopes);
  if (g.slopes > 1) check_count(g.slopes, "slopes", g.out);
  if (!given.relu && g.slopes == 1 && *(float *)PyArray_DATA(given.slopes) == 1)
    g.slopes = 0;
  return call;
}

Call to_filters(const Arguments &given) {
  Call call = call_of(TO_FILTERS, SRC, DST, FILTERS, given);
  set_result(call, call.shapes[DST][1], call.shapes[SRC][1], given);
  measure(call, given);
  check_shapes(call);
  call.geometry.bias = given.with_bias;
  return call;
}

Call to_images(const Arguments &given) {
  Call call = call_of(TO_IMAGES, FILTERS, DST, SRC, given);
  set_result(call, call.shapes[DST][0], call.shapes[FILTERS][1], given);
  measure(call, given);
  check_shapes(call);
  return call;
}

/* --- Doing it --- */

/* The array in an order that oneDNN reads or writes; the geometry says in which. */
void take(PyArrayObject *array, int which, Geometry &g, Reference &taken) {
  const bool channels_last = which != FILTERS && is_dense(array, true);
  if (which == SRC) g.src_layout = channels_last ? NHWC : NCHW;
  if (which == DST) g.dst_layout = channels_last ? NHWC : NCHW;
  taken.array = laid_out(array, channels_last);
  if (!taken.array) throw Refused();
}

void run(Call &call, const Arguments &given, PyArrayObject **result,
         PyArrayObject **bias_gradient) {
  Geometry &g = call.geometry;
  npy_intp *shape = call.shapes[call.result];
  const bool is_maps = call.result != FILTERS;
  const bool masked = is_maps && PyArray_SIZE(given.mask) > 0;
  if (masked && !PyArray_CompareLists(PyArray_DIMS(given.mask), shape, 4)) {
    PyErr_SetString(PyExc_ValueError, "convolution: the mask has another shape");
    throw Refused();
  }
  if (!prepare(result, shape, is_maps && given.channels_last) ||
      !prepare_vector(bias_gradient, !is_maps && g.bias ? g.out : 0))
    throw Refused();
  if (g.batch == 0 || g.in == 0 || g.out == 0) {
    PyArray_FILLWBYTE(*result, 0);
    PyArray_FILLWBYTE(*bias_gradient, 0);
    return;
  }
  Reference tensors[3], bias, slopes;
  take(given.a, call.a, g, tensors[call.a]);
  take(given.b, call.b, g, tensors[call.b]);
  take(*result, call.result, g, tensors[call.result]);
  bias.array = PyArray_GETCONTIGUOUS(given.bias);
  slopes.array = PyArray_GETCONTIGUOUS(given.slopes);
  if (!bias.array || !slopes.array) throw Refused();
  static float zero = 0;
  void *data[N_TENSORS] = {
      tensors[SRC].data(), tensors[FILTERS].data(), tensors[DST].data(),
      is_maps ? bias.data() : PyArray_DATA(*bias_gradient),
      given.relu ? &zero : slopes.data()};
  Plan &plan = plan_for(g);
  const LikeCaller threads(true);
  plan.execute(data, workspace(plan.workspace_size));
  if (masked) apply_mask(*result, given.mask, given.at_zero);
}

}  // namespace

#section support_code_apply

int APPLY_SPECIFIC(convolve)(PyArrayObject *a, PyArrayObject *b,
                             PyArrayObject *bias, PyArrayObject *slopes,
                             PyArrayObject *mask, PyArrayObject *shape,
                             PyArrayObject **result,
                             PyArrayObject **bias_gradient, PARAMS_TYPE *params) {
  const Arguments given = {a, b, bias, slopes, mask, shape,
                           params->dH, params->dW,
                           params->padH_l, params->padH_r,
                           params->padW_l, params->padW_r,
                           params->relu != 0, params->with_bias != 0,
                           params->channels_last != 0, params->at_zero,
                           params->bf16 != 0};
  try {
    Call call = params->direction == FORWARD      ? forward(given)
                : params->direction == TO_FILTERS ? to_filters(given)
                                                  : to_images(given);
    run(call, given, result, bias_gradient);
    return 0;
  } catch (const Refused &) {
  } catch (const std::exception &error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return 1;
}
