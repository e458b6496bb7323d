#section support_code

/* Convolutions through oneDNN: forward, gradient to the filters, gradient to the
   images. One function serves the three, so that all graphs share one module. */

namespace {

enum { FORWARD, TO_FILTERS, TO_IMAGES };
enum { NCHW, NHWC };
enum { SRC, FILTERS, DST, BIAS, SLOPES, N_TENSORS };
enum { MOST_ENTRIES = 128 };

void check(dnnl_status_t status, const char *what) {
  if (status != dnnl_success)
    throw std::runtime_error(std::string("oneDNN failed to ") + what);
}

/* Everything a primitive depends on; compared as a row of integers. */
struct Geometry {
  npy_int64 direction, batch, in, height, width, out, rows, cols, out_height,
      out_width, stride_h, stride_w, top, left, bottom, right, bias, slopes,
      src_layout, dst_layout;
  bool operator<(const Geometry &other) const {
    return memcmp(this, &other, sizeof(Geometry)) < 0;
  }
};

/* oneDNN descriptions are plain pointers: these two own them. */
struct Desc {
  dnnl_memory_desc_t md;
  Desc() : md(NULL) {}
  Desc(int ndims, const dnnl_dims_t dims, dnnl_format_tag_t tag) : md(NULL) {
    check(dnnl_memory_desc_create_with_tag(&md, ndims, dims, dnnl_f32, tag),
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

/* An array as Theano holds it and as the primitive wants it. */
struct Tensor {
  dnnl_memory_t outer, inner;
  dnnl_primitive_t reorder; /* NULL where both are the same */
  size_t offset;            /* of inner in the workspace */
  Tensor() : outer(NULL), inner(NULL), reorder(NULL), offset(0) {}
  ~Tensor() {
    if (reorder) dnnl_primitive_destroy(reorder);
    if (inner && inner != outer) dnnl_memory_destroy(inner);
    if (outer) dnnl_memory_destroy(outer);
  }
};

size_t aligned(size_t size) { return (size + 63) / 64 * 64; }

/* What is made once for a geometry and then run on arrays. */
struct Plan {
  size_t workspace_size;
  npy_int64 last_used;
  Plan() : workspace_size(0), last_used(0) {}
  virtual ~Plan() {}
  virtual void execute(void *const *data, char *work) = 0;
};

/* oneDNN's own convolution, with reorders where it wants other layouts. */
struct Convolution : Plan {
  Tensor tensors[N_TENSORS];
  dnnl_primitive_t primitive;
  dnnl_memory_t scratchpad;
  size_t scratchpad_offset;
  npy_int64 direction;

  explicit Convolution(const Geometry &g)
      : primitive(NULL), scratchpad(NULL), scratchpad_offset(0),
        direction(g.direction) {
    dnnl_primitive_attr_t attr = NULL;
    check(dnnl_primitive_attr_create(&attr), "create attributes");
    dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    try {
      create(g, attr);
    } catch (...) {
      dnnl_primitive_attr_destroy(attr);
      destroy();
      throw;
    }
    dnnl_primitive_attr_destroy(attr);
  }
  ~Convolution() { destroy(); }

  void destroy() {
    if (primitive) dnnl_primitive_destroy(primitive);
    if (scratchpad) dnnl_memory_destroy(scratchpad);
    primitive = NULL;
    scratchpad = NULL;
  }

  /* Channels-last is asked for first. Where only oneDNN's slow code has it, the
     library chooses the layouts and the arrays are reordered around it. */
  void describe(const Geometry &g, dnnl_primitive_attr_t attr,
                PrimitiveDesc &result) {
    const dnnl_format_tag_t tags[][2] = {
        {dnnl_nhwc, dnnl_nhwc},
        {dnnl_format_tag_any, dnnl_nhwc},
        {dnnl_nhwc, dnnl_format_tag_any},
        {dnnl_format_tag_any, dnnl_format_tag_any}};
    for (int i = 0; i < 4; i++) {
      if (result.pd) {
        dnnl_primitive_desc_destroy(result.pd);
        result.pd = NULL;
      }
      bool found = describe_as(g, attr, tags[i][0], tags[i][1], result.pd);
      if (found && !result.is_slow()) return;
    }
    if (!result.pd) throw std::runtime_error("oneDNN has no such convolution");
  }

  bool describe_as(const Geometry &g, dnnl_primitive_attr_t attr,
                   dnnl_format_tag_t src_tag, dnnl_format_tag_t dst_tag,
                   dnnl_primitive_desc_t &pd) {
    const dnnl_dims_t src_dims = {g.batch, g.in, g.height, g.width},
                      filter_dims = {g.out, g.in, g.rows, g.cols},
                      dst_dims = {g.batch, g.out, g.out_height, g.out_width},
                      bias_dims = {g.out}, strides = {g.stride_h, g.stride_w},
                      dilates = {0, 0}, before = {g.top, g.left},
                      after = {g.bottom, g.right};
    Desc src(4, src_dims, src_tag), dst(4, dst_dims, dst_tag),
        filters(4, filter_dims, dnnl_format_tag_any), bias(1, bias_dims, dnnl_a);
    dnnl_memory_desc_t bias_md = g.bias ? bias.md : NULL;
    if (g.direction == FORWARD)
      return dnnl_convolution_forward_primitive_desc_create(
                 &pd, engine(), dnnl_forward_training, dnnl_convolution_direct,
                 src.md, filters.md, bias_md, dst.md, strides, dilates, before,
                 after, attr) == dnnl_success;
    PrimitiveDesc hint;
    if (dnnl_convolution_forward_primitive_desc_create(
            &hint.pd, engine(), dnnl_forward_training, dnnl_convolution_direct,
            src.md, filters.md, bias_md, dst.md, strides, dilates, before, after,
            NULL) != dnnl_success)
      return false;
    if (g.direction == TO_FILTERS)
      return dnnl_convolution_backward_weights_primitive_desc_create(
                 &pd, engine(), dnnl_convolution_direct, src.md, filters.md,
                 bias_md, dst.md, strides, dilates, before, after, hint.pd,
                 attr) == dnnl_success;
    return dnnl_convolution_backward_data_primitive_desc_create(
               &pd, engine(), dnnl_convolution_direct, src.md, filters.md, dst.md,
               strides, dilates, before, after, hint.pd, attr) == dnnl_success;
  }

  void create(const Geometry &g, dnnl_primitive_attr_t attr) {
    if (g.slopes) {
      dnnl_post_ops_t post = NULL;
      check(dnnl_post_ops_create(&post), "create post-operations");
      dnnl_post_ops_append_prelu(post, g.slopes == 1 ? 0 : 1 << 1);
      dnnl_primitive_attr_set_post_ops(attr, post);
      dnnl_post_ops_destroy(post);
    }
    PrimitiveDesc desc;
    describe(g, attr, desc);
    check(dnnl_primitive_create(&primitive, desc.pd), "create a convolution");

    const dnnl_dims_t src_dims = {g.batch, g.in, g.height, g.width},
                      filter_dims = {g.out, g.in, g.rows, g.cols},
                      dst_dims = {g.batch, g.out, g.out_height, g.out_width};
    const dnnl_format_tag_t outer[] = {dnnl_nchw, dnnl_nhwc};
    size_t scratch = desc.scratchpad();
    const dnnl_query_t queries[][4] = {
        {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
        {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md},
        {dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md}};
    const dnnl_query_t *query = queries[g.direction];
    add(SRC, 4, src_dims, outer[g.src_layout], desc.pd, query[0], scratch);
    add(FILTERS, 4, filter_dims, dnnl_oihw, desc.pd, query[1], scratch);
    add(DST, 4, dst_dims, outer[g.dst_layout], desc.pd, query[2], scratch);
    if (g.bias) add_vector(BIAS, g.out);
    if (g.slopes) add_vector(SLOPES, g.slopes);
    scratchpad_offset = workspace_size;
    workspace_size += aligned(scratch);
    const dnnl_dims_t bytes = {(dnnl_dim_t)scratch};
    dnnl_memory_desc_t md = NULL;
    check(dnnl_memory_desc_create_with_tag(&md, 1, bytes, dnnl_u8, dnnl_a),
          "describe a scratchpad");
    dnnl_status_t status =
        dnnl_memory_create(&scratchpad, md, engine(), DNNL_MEMORY_NONE);
    dnnl_memory_desc_destroy(md);
    check(status, "create a scratchpad");
  }

  bool is_output(int which) const {
    return direction == FORWARD      ? which == DST
           : direction == TO_FILTERS ? which == FILTERS || which == BIAS
                                     : which == SRC;
  }

  void add_vector(int which, npy_int64 length) {
    const dnnl_dims_t dims = {length};
    Desc vector(1, dims, dnnl_a);
    Tensor &tensor = tensors[which];
    check(dnnl_memory_create(&tensor.outer, vector.md, engine(), DNNL_MEMORY_NONE),
          "wrap a vector");
    tensor.inner = tensor.outer;
  }

  void add(int which, int ndims, const dnnl_dims_t dims, dnnl_format_tag_t tag,
           const_dnnl_primitive_desc_t pd, dnnl_query_t query, size_t &scratch) {
    Tensor &tensor = tensors[which];
    Desc outer(ndims, dims, tag);
    const_dnnl_memory_desc_t inner = dnnl_primitive_desc_query_md(pd, query, 0);
    check(dnnl_memory_create(&tensor.outer, outer.md, engine(), DNNL_MEMORY_NONE),
          "wrap an array");
    if (dnnl_memory_desc_equal(outer.md, inner)) {
      tensor.inner = tensor.outer;
      return;
    }
    check(dnnl_memory_create(&tensor.inner, inner, engine(), DNNL_MEMORY_NONE),
          "create an inner array");
    tensor.offset = workspace_size;
    workspace_size += aligned(dnnl_memory_desc_get_size(inner));
    PrimitiveDesc reorder;
    dnnl_primitive_attr_t attr = NULL;
    check(dnnl_primitive_attr_create(&attr), "create attributes");
    dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    bool from_inner = is_output(which);
    dnnl_status_t status = dnnl_reorder_primitive_desc_create(
        &reorder.pd, from_inner ? inner : outer.md, engine(),
        from_inner ? outer.md : inner, engine(), attr);
    dnnl_primitive_attr_destroy(attr);
    check(status, "describe a reorder");
    check(dnnl_primitive_create(&tensor.reorder, reorder.pd), "create a reorder");
    scratch = std::max(scratch, reorder.scratchpad());
  }

  void reorder(Tensor &tensor, bool from_inner) {
    const dnnl_exec_arg_t args[] = {
        {DNNL_ARG_FROM, from_inner ? tensor.inner : tensor.outer},
        {DNNL_ARG_TO, from_inner ? tensor.outer : tensor.inner},
        {DNNL_ARG_SCRATCHPAD, scratchpad}};
    check(dnnl_primitive_execute(tensor.reorder, stream(), 3, args), "reorder");
  }

  void execute(void *const *data, char *work) {
    dnnl_memory_set_data_handle(scratchpad, work + scratchpad_offset);
    const int names[][N_TENSORS] = {
        {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS,
         DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_WEIGHTS},
        {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST,
         DNNL_ARG_DIFF_BIAS},
        {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST}};
    dnnl_exec_arg_t args[N_TENSORS + 1] = {{DNNL_ARG_SCRATCHPAD, scratchpad}};
    int count = 1;
    for (int i = 0; i < N_TENSORS; i++) {
      Tensor &tensor = tensors[i];
      if (!tensor.outer) continue;
      dnnl_memory_set_data_handle(tensor.outer, data[i]);
      if (tensor.reorder) {
        dnnl_memory_set_data_handle(tensor.inner, work + tensor.offset);
        if (!is_output(i)) reorder(tensor, false);
      }
      args[count].arg = names[direction][i];
      args[count++].memory = tensor.inner;
    }
    check(dnnl_primitive_execute(primitive, stream(), count, args), "convolve");
    for (int i = 0; i < N_TENSORS; i++)
      if (tensors[i].reorder && is_output(i)) reorder(tensors[i], true);
    check(dnnl_stream_wait(stream()), "finish");
  }
};

/* Three or four maps on one side would leave most of oneDNN's sixteen lanes empty.
   Then the columns of the filters become maps too: filters of one column are applied,
   and the maps that come of it (or go into it) are shifted and added. */
struct Unfolded : Plan {
  Geometry g;
  Convolution *inner;
  npy_int64 n_maps;  /* on the narrow side */
  npy_int64 n_wide;  /* n_maps times columns: interleaved as (column, map) */
  size_t filters_offset, maps_offset;

  static bool pays(const Geometry &g) {
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
    inner = new Convolution(one_column);
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

/* The plan for a geometry, made once; the longest unused one gives way. */
Plan &plan_for(const Geometry &geometry) {
  typedef std::map<Geometry, Plan *> Cache;
  static Cache cache;
  static npy_int64 clock = 0;
  Cache::iterator found = cache.find(geometry);
  if (found == cache.end()) {
    if (cache.size() >= MOST_ENTRIES) {
      Cache::iterator oldest = cache.begin();
      for (Cache::iterator i = cache.begin(); i != cache.end(); ++i)
        if (i->second->last_used < oldest->second->last_used) oldest = i;
      delete oldest->second;
      cache.erase(oldest);
    }
    Plan *made = Unfolded::pays(geometry) ? (Plan *)new Unfolded(geometry)
                                          : new Convolution(geometry);
    found = cache.insert(std::make_pair(geometry, made)).first;
  }
  found->second->last_used = ++clock;
  return *found->second;
}

bool is_channels_last(PyArrayObject *array) {
  npy_intp *dims = PyArray_DIMS(array), *strides = PyArray_STRIDES(array);
  npy_intp expected = sizeof(float);
  const int order[] = {1, 3, 2, 0};
  for (int i = 0; i < 4; i++) {
    int axis = order[i];
    if (dims[axis] != 1 && strides[axis] != expected) return false;
    expected *= dims[axis];
  }
  return PyArray_ISALIGNED(array);
}

/* The array itself (a new reference) where its memory is in a plain order,
   else a copy. */
PyArrayObject *plain(PyArrayObject *array, npy_int64 *layout) {
  *layout = NHWC;
  if (is_channels_last(array)) {
    Py_INCREF(array);
    return array;
  }
  *layout = NCHW;
  return PyArray_GETCONTIGUOUS(array);
}

/* Storage for an output: what is there already if it fits. */
bool prepare(PyArrayObject **array, int ndim, npy_intp *dims, bool channels_last) {
  if (*array && PyArray_NDIM(*array) == ndim && PyArray_ISWRITEABLE(*array) &&
      PyArray_CompareLists(PyArray_DIMS(*array), dims, ndim) &&
      (channels_last ? is_channels_last(*array) : PyArray_ISCARRAY(*array)))
    return true;
  Py_XDECREF(*array);
  npy_intp strides[4];
  if (channels_last) {
    strides[1] = sizeof(float);
    strides[3] = strides[1] * dims[1];
    strides[2] = strides[3] * dims[3];
    strides[0] = strides[2] * dims[2];
  }
  *array = (PyArrayObject *)PyArray_New(&PyArray_Type, ndim, dims, NPY_FLOAT32,
                                        channels_last ? strides : NULL, NULL, 0, 0,
                                        NULL);
  return *array != NULL;
}

/* values = 0 where mask <= 0 */
void apply_mask(PyArrayObject *values, PyArrayObject *mask) {
  const npy_intp *dims = PyArray_DIMS(values), *to = PyArray_STRIDES(values),
                 *from = PyArray_STRIDES(mask);
  if (is_channels_last(values) && is_channels_last(mask)) {
    float *v = (float *)PyArray_DATA(values);
    const float *m = (const float *)PyArray_DATA(mask);
    const npy_intp size = PyArray_SIZE(values);
#pragma omp parallel for simd
    for (npy_intp i = 0; i < size; i++) v[i] = m[i] <= 0 ? 0 : v[i];
    return;
  }
  for (npy_intp n = 0; n < dims[0]; n++)
    for (npy_intp h = 0; h < dims[2]; h++)
      for (npy_intp w = 0; w < dims[3]; w++) {
        char *v = PyArray_BYTES(values) + n * to[0] + h * to[2] + w * to[3];
        const char *m =
            PyArray_BYTES(mask) + n * from[0] + h * from[2] + w * from[3];
        for (npy_intp c = 0; c < dims[1]; c++)
          if (*(const float *)(m + c * from[1]) <= 0)
            *(float *)(v + c * to[1]) = 0;
      }
}

npy_int64 padding(npy_int64 asked, npy_int64 length) {
  return asked == -1 ? length / 2 : asked == -2 ? length - 1 : asked;
}

npy_int64 output_length(npy_int64 length, npy_int64 filter, npy_int64 before,
                        npy_int64 after, npy_int64 stride) {
  const npy_int64 room = length + before + after - filter;
  return room < 0 ? 0 : room / stride + 1;
}

}  // namespace

#section support_code_apply

/* FORWARD     a: images,   b: filters,  bias, slopes, mask  -> images
   TO_FILTERS  a: images,   b: gradient, shape: filter       -> filters, bias
   TO_IMAGES   a: filters,  b: gradient, shape: image, mask  -> images
   An empty bias or mask is none, as is a slope (of the PReLU) of 1. */
int APPLY_SPECIFIC(convolve)(PyArrayObject *a, PyArrayObject *b,
                             PyArrayObject *bias, PyArrayObject *slopes,
                             PyArrayObject *mask, PyArrayObject *shape,
                             PyArrayObject **result,
                             PyArrayObject **bias_gradient, PARAMS_TYPE *params) {
  Geometry g;
  memset(&g, 0, sizeof(g));
  g.direction = params->direction;
  npy_intp *a_dims = PyArray_DIMS(a), *b_dims = PyArray_DIMS(b);
  npy_intp given[2] = {0, 0};
  if (g.direction != FORWARD) {
    if (PyArray_DIM(shape, 0) != 2) {
      PyErr_SetString(PyExc_ValueError, "convolution: the shape needs two numbers");
      return 1;
    }
    given[0] = *(npy_int64 *)PyArray_GETPTR1(shape, 0);
    given[1] = *(npy_int64 *)PyArray_GETPTR1(shape, 1);
  }
  npy_intp src[4], filters[4], dst[4];
  if (g.direction == TO_IMAGES) {
    memcpy(filters, a_dims, sizeof(filters));
    memcpy(dst, b_dims, sizeof(dst));
    src[0] = dst[0], src[1] = filters[1], src[2] = given[0], src[3] = given[1];
  } else if (g.direction == TO_FILTERS) {
    memcpy(src, a_dims, sizeof(src));
    memcpy(dst, b_dims, sizeof(dst));
    filters[0] = dst[1], filters[1] = src[1], filters[2] = given[0],
    filters[3] = given[1];
  } else {
    memcpy(src, a_dims, sizeof(src));
    memcpy(filters, b_dims, sizeof(filters));
  }
  g.batch = src[0], g.in = src[1], g.height = src[2], g.width = src[3];
  g.out = filters[0], g.rows = filters[2], g.cols = filters[3];
  g.stride_h = params->dH, g.stride_w = params->dW;
  g.top = padding(params->padH_l, g.rows), g.bottom = padding(params->padH_r, g.rows);
  g.left = padding(params->padW_l, g.cols), g.right = padding(params->padW_r, g.cols);
  g.out_height = output_length(g.height, g.rows, g.top, g.bottom, g.stride_h);
  g.out_width = output_length(g.width, g.cols, g.left, g.right, g.stride_w);
  if (g.direction == FORWARD)
    dst[0] = g.batch, dst[1] = g.out, dst[2] = g.out_height, dst[3] = g.out_width;
  if (filters[1] != src[1] || filters[0] != dst[1] || src[0] != dst[0] ||
      dst[2] != g.out_height || dst[3] != g.out_width || g.out_height < 1 ||
      g.out_width < 1 || g.rows < 1 || g.cols < 1) {
    PyErr_Format(PyExc_ValueError,
                 "convolution: images (%ld, %ld, %ld, %ld), filters (%ld, %ld, %ld, "
                 "%ld) and maps (%ld, %ld, %ld, %ld) do not fit each other",
                 (long)src[0], (long)src[1], (long)src[2], (long)src[3],
                 (long)filters[0], (long)filters[1], (long)filters[2],
                 (long)filters[3], (long)dst[0], (long)dst[1], (long)dst[2],
                 (long)dst[3]);
    return 1;
  }
  /* ReLU is a PReLU of slope 0, which lets NaN through: oneDNN's ReLU makes it 0. */
  static float zero = 0;
  g.slopes = params->relu ? 1 : g.direction == FORWARD ? PyArray_SIZE(slopes) : 0;
  if (!params->relu && g.slopes == 1 && *(float *)PyArray_DATA(slopes) == 1) g.slopes = 0;
  g.bias = g.direction == FORWARD ? PyArray_SIZE(bias) > 0
                                  : g.direction == TO_FILTERS && params->with_bias;
  if (g.direction == FORWARD && g.bias && PyArray_DIM(bias, 0) != g.out) {
    PyErr_Format(PyExc_ValueError, "convolution: %ld biases for %ld filters",
                 (long)PyArray_DIM(bias, 0), (long)g.out);
    return 1;
  }
  if (g.slopes > 1 && g.slopes != g.out) {
    PyErr_Format(PyExc_ValueError, "convolution: %ld slopes for %ld filters",
                 (long)g.slopes, (long)g.out);
    return 1;
  }

  const bool channels_last = params->channels_last;
  npy_intp n_bias = g.direction == TO_FILTERS && g.bias ? g.out : 0;
  npy_intp *dims = g.direction == FORWARD      ? dst
                   : g.direction == TO_FILTERS ? filters
                                               : src;
  const bool masked = g.direction != TO_FILTERS && PyArray_SIZE(mask) > 0;
  if (masked && !PyArray_CompareLists(PyArray_DIMS(mask), dims, 4)) {
    PyErr_SetString(PyExc_ValueError, "convolution: the mask has another shape");
    return 1;
  }
  if (!prepare(result, 4, dims, g.direction != TO_FILTERS && channels_last) ||
      !prepare(bias_gradient, 1, &n_bias, false))
    return 1;
  if (g.batch == 0 || g.in == 0 || g.out == 0) {
    PyArray_FILLWBYTE(*result, 0);
    PyArray_FILLWBYTE(*bias_gradient, 0);
    return 0;
  }

  npy_int64 *src_layout = &g.src_layout, *dst_layout = &g.dst_layout;
  PyArrayObject *first = g.direction == TO_IMAGES ? PyArray_GETCONTIGUOUS(a)
                                                  : plain(a, src_layout);
  PyArrayObject *second = g.direction == FORWARD ? PyArray_GETCONTIGUOUS(b)
                                                 : plain(b, dst_layout);
  PyArrayObject *third = PyArray_GETCONTIGUOUS(bias);
  PyArrayObject *fourth = PyArray_GETCONTIGUOUS(slopes);
  int failed = 0;
  if (!first || !second || !third || !fourth) {
    failed = 1;
  } else {
    if (g.direction == FORWARD) *dst_layout = is_channels_last(*result);
    if (g.direction == TO_IMAGES) *src_layout = is_channels_last(*result);
    void *data[N_TENSORS];
    data[SRC] = PyArray_DATA(g.direction == TO_IMAGES ? *result : first);
    data[FILTERS] = PyArray_DATA(g.direction == FORWARD      ? second
                                 : g.direction == TO_FILTERS ? *result
                                                             : first);
    data[DST] = PyArray_DATA(g.direction == FORWARD ? *result : second);
    data[BIAS] = PyArray_DATA(g.direction == FORWARD ? third : *bias_gradient);
    data[SLOPES] = params->relu ? &zero : PyArray_DATA(fourth);
    try {
      Plan &plan = plan_for(g);
      plan.execute(data, workspace(plan.workspace_size));
      if (masked) apply_mask(*result, mask);
    } catch (const std::exception &error) {
      PyErr_SetString(PyExc_RuntimeError, error.what());
      failed = 1;
    }
  }
  Py_XDECREF(first);
  Py_XDECREF(second);
  Py_XDECREF(third);
  Py_XDECREF(fourth);
  return failed;
}
