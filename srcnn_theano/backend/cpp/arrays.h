#section support_code

/* NumPy's arrays of float32 as (batch, maps, rows, columns) in one of two orders of
   memory: with the channels last, as oneDNN likes them, or Theano's own. */

#ifndef SRCNN_ARRAYS_H
#define SRCNN_ARRAYS_H

namespace {

/* The axes from the one whose elements are neighbours to the outermost. */
const int CHANNELS_LAST[] = {1, 3, 2, 0}, CHANNELS_FIRST[] = {3, 2, 1, 0};

const int *order_of(bool channels_last) {
  return channels_last ? CHANNELS_LAST : CHANNELS_FIRST;
}

/* Whether the elements lie in this order, without gaps. */
bool is_dense(PyArrayObject *array, bool channels_last) {
  const int *order = order_of(channels_last);
  npy_intp expected = sizeof(float);
  for (int i = 0; i < 4; i++) {
    const npy_intp length = PyArray_DIM(array, order[i]);
    if (length != 1 && PyArray_STRIDE(array, order[i]) != expected) return false;
    expected *= length;
  }
  return PyArray_ISALIGNED(array);
}

/* Storage for an output: what is there already if it fits, or a new array. */
bool prepare(PyArrayObject **array, npy_intp *dims, bool channels_last) {
  if (*array && PyArray_ISWRITEABLE(*array) &&
      PyArray_CompareLists(PyArray_DIMS(*array), dims, 4) &&
      is_dense(*array, channels_last))
    return true;
  Py_XDECREF(*array);
  const int *order = order_of(channels_last);
  npy_intp strides[4], step = sizeof(float);
  for (int i = 0; i < 4; i++) {
    strides[order[i]] = step;
    step *= dims[order[i]];
  }
  *array = (PyArrayObject *)PyArray_New(&PyArray_Type, 4, dims, NPY_FLOAT32, strides,
                                        NULL, 0, 0, NULL);
  return *array != NULL;
}

/* The same for a vector. */
bool prepare_vector(PyArrayObject **array, npy_intp length) {
  if (*array && PyArray_DIM(*array, 0) == length && PyArray_ISCARRAY(*array))
    return true;
  Py_XDECREF(*array);
  *array = (PyArrayObject *)PyArray_EMPTY(1, &length, NPY_FLOAT32, 0);
  return *array != NULL;
}

/* The array itself (a new reference) if it is laid out as asked, else a copy. */
PyArrayObject *laid_out(PyArrayObject *array, bool channels_last) {
  if (is_dense(array, channels_last)) {
    Py_INCREF(array);
    return array;
  }
  PyArrayObject *copy = NULL;
  if (prepare(&copy, PyArray_DIMS(array), channels_last) &&
      PyArray_CopyInto(copy, array) == 0)
    return copy;
  Py_XDECREF(copy);
  return NULL;
}

/* Owns a reference. */
struct Reference {
  PyArrayObject *array;
  Reference() : array(NULL) {}
  ~Reference() { Py_XDECREF(array); }
  float *data() const { return (float *)PyArray_DATA(array); }
 private:
  Reference(const Reference &);
  Reference &operator=(const Reference &);
};

}  // namespace

#endif
