#section support_code

/* A convolution by oneDNN's own code. */

namespace {

/* The shapes as oneDNN takes them. */
struct Dims {
  dnnl_dims_t src, filters, dst, bias;
  explicit Dims(const Geometry &g)
      : src{g.batch, g.in, g.height, g.width}, filters{g.out, g.in, g.rows, g.cols},
        dst{g.batch, g.out, g.out_height, g.out_width}, bias{g.out} {}
};

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

/* oneDNN's own convolution, with reorders where it wants other layouts or numbers. */
struct Direct : Plan {
  Tensor tensors[N_TENSORS];
  dnnl_primitive_t primitive;
  dnnl_memory_t scratchpad;
  size_t scratchpad_offset;
  npy_int64 direction;

  explicit Direct(const Geometry &g)
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
  ~Direct() { destroy(); }

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
      bool exists = describe_as(g, attr, tags[i][0], tags[i][1], result.pd);
      if (exists && !result.is_slow()) return;
    }
    if (!result.pd) throw std::runtime_error("oneDNN has no such convolution");
  }

  bool describe_as(const Geometry &g, dnnl_primitive_attr_t attr,
                   dnnl_format_tag_t src_tag, dnnl_format_tag_t dst_tag,
                   dnnl_primitive_desc_t &pd) {
    const Dims dims(g);
    const dnnl_dims_t strides = {g.stride_h, g.stride_w}, dilates = {0, 0},
                      before = {g.top, g.left}, after = {g.bottom, g.right};
    const dnnl_data_type_t factor = g.bf16 ? dnnl_bf16 : dnnl_f32;
    const dnnl_format_tag_t any = dnnl_format_tag_any;
    Desc src(4, dims.src, src_tag, factor), dst(4, dims.dst, dst_tag, factor),
        filters(4, dims.filters, any, factor), bias(1, dims.bias, dnnl_a);
    dnnl_memory_desc_t bias_md = g.bias ? bias.md : NULL;
    if (g.direction == FORWARD) {
      Desc sums(4, dims.dst, dst_tag);
      return dnnl_convolution_forward_primitive_desc_create(
                 &pd, engine(), dnnl_forward_training, dnnl_convolution_direct,
                 src.md, filters.md, bias_md, sums.md, strides, dilates, before,
                 after, attr) == dnnl_success;
    }
    PrimitiveDesc hint;
    if (dnnl_convolution_forward_primitive_desc_create(
            &hint.pd, engine(), dnnl_forward_training, dnnl_convolution_direct,
            src.md, filters.md, bias_md, dst.md, strides, dilates, before, after,
            NULL) != dnnl_success)
      return false;
    if (g.direction == TO_FILTERS) {
      Desc sums(4, dims.filters, any);
      return dnnl_convolution_backward_weights_primitive_desc_create(
                 &pd, engine(), dnnl_convolution_direct, src.md, sums.md, bias_md,
                 dst.md, strides, dilates, before, after, hint.pd,
                 attr) == dnnl_success;
    }
    Desc sums(4, dims.src, src_tag);
    return dnnl_convolution_backward_data_primitive_desc_create(
               &pd, engine(), dnnl_convolution_direct, sums.md, filters.md, dst.md,
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

    const Dims dims(g);
    const dnnl_format_tag_t outer[] = {dnnl_nchw, dnnl_nhwc};
    size_t scratch = desc.scratchpad();
    const dnnl_query_t queries[][4] = {
        {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
        {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md},
        {dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md}};
    const dnnl_query_t *query = queries[g.direction];
    add(SRC, dims.src, outer[g.src_layout], desc.pd, query[0], scratch);
    add(FILTERS, dims.filters, dnnl_oihw, desc.pd, query[1], scratch);
    add(DST, dims.dst, outer[g.dst_layout], desc.pd, query[2], scratch);
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

  void add(int which, const dnnl_dims_t dims, dnnl_format_tag_t tag,
           const_dnnl_primitive_desc_t pd, dnnl_query_t query, size_t &scratch) {
    Tensor &tensor = tensors[which];
    Desc outer(4, dims, tag);
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

}  // namespace
