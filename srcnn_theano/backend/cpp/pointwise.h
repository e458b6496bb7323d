#section support_code

/* The gradient to filters of one pixel. */

namespace {

/* It is a product of two matrices, pixels by maps: oneDNN's product takes half of the
   time of its convolution, and shares the work among threads where that does not. (Of
   a single map, it would add all pixels up one after another, and round each time.) */
struct Pointwise : Plan {
  npy_int64 n_images, n_pixels, in, out;
  bool bias;

  static bool serves(const Geometry &g) {
    return g.direction == TO_FILTERS && g.rows == 1 && g.cols == 1 && g.in > 1 &&
           g.out > 1 && !g.bf16 && g.src_layout == NHWC && g.dst_layout == NHWC &&
           g.stride_h == 1 && g.stride_w == 1 && g.out_height == g.height &&
           g.out_width == g.width;
  }

  explicit Pointwise(const Geometry &g)
      : n_images(g.batch), n_pixels(g.height * g.width), in(g.in), out(g.out),
        bias(g.bias) {
    workspace_size = bias ? sizeof(float) * n_images * out : 0;
  }

  void execute(void *const *data, char *work) {
    const float *gradient = (const float *)data[DST];
    check(dnnl_sgemm('T', 'N', out, in, n_images * n_pixels, 1, gradient, out,
                     (const float *)data[SRC], in, 0, (float *)data[FILTERS], in),
          "multiply matrices");
    if (bias) add_up(gradient, (float *)work, (float *)data[BIAS]);
  }

  /* The sums of each image are single precision, those over images double. */
  void add_up(const float *gradient, float *sums, float *result) const {
#pragma omp parallel for
    for (npy_int64 n = 0; n < n_images; n++) {
      float *sum = sums + n * out;
      const float *pixel = gradient + n * n_pixels * out;
      memset(sum, 0, sizeof(float) * out);
      for (npy_int64 i = 0; i < n_pixels; i++, pixel += out)
#pragma omp simd
        for (npy_int64 m = 0; m < out; m++) sum[m] += pixel[m];
    }
    for (npy_int64 m = 0; m < out; m++) {
      double total = 0;
      for (npy_int64 n = 0; n < n_images; n++) total += sums[n * out + m];
      result[m] = (float)total;
    }
  }
};

}  // namespace
