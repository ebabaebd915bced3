/* ohmbench.link._codec: what Python calls of ohm_codec.c. By the stable ABI: a call costs less than cffi's, of which a
 * frame would take several. */

#include <Python.h>
#include <string.h>

#include "ohm_codec.h"

static PyObject *encode(PyObject *module, PyObject *const *args, Py_ssize_t count) {
  (void)module;
  if (count != 4) return PyErr_Format(PyExc_TypeError, "encode(type, seq, arg, payload)");
  long head[3];
  for (int field = 0; field < 3; field++) {
    head[field] = PyLong_AsLong(args[field]);
    if (head[field] == -1 && PyErr_Occurred()) return NULL;
  }
  char *payload;
  Py_ssize_t size;
  if (PyBytes_AsStringAndSize(args[3], &payload, &size)) return NULL;
  if (head[0] < 0 || head[0] > 0xFF || head[1] < 0 || head[1] > 0xFF || head[2] < 0 || head[2] > 0xFFFF ||
      size > OHM_MAX_PAYLOAD)
    return PyErr_Format(PyExc_ValueError, "a field does not fit");
  uint8_t out[OHM_MAX_WIRE];
  size_t bytes =
      ohm_encode_frame((uint8_t)head[0], (uint8_t)head[1], (uint16_t)head[2], (const uint8_t *)payload, (size_t)size, out);
  return PyBytes_FromStringAndSize((const char *)out, (Py_ssize_t)bytes);
}

static PyObject *fields_of(const ohm_frame_t *frame) {
  PyObject *fields = PyTuple_New(4);
  if (fields == NULL) return NULL;
  PyObject *parts[4] = {PyLong_FromLong(frame->type), PyLong_FromLong(frame->seq), PyLong_FromLong(frame->arg),
                        PyBytes_FromStringAndSize((const char *)frame->payload, (Py_ssize_t)frame->size)};
  int failed = 0;
  for (int part = 0; part < 4; part++) {
    failed |= parts[part] == NULL;
    PyTuple_SetItem(fields, part, parts[part]);
  }
  if (!failed) return fields;
  Py_DECREF(fields);
  return NULL;
}

static PyObject *decode(PyObject *module, PyObject *data) {
  (void)module;
  char *bytes;
  Py_ssize_t size;
  if (PyBytes_AsStringAndSize(data, &bytes, &size)) return NULL;
  PyObject *frames = PyList_New(0);
  if (frames == NULL) return NULL;
  long bad = 0;
  const char *piece = bytes, *end;
  while ((end = memchr(piece, 0, (size_t)(bytes + size - piece))) != NULL) {
    ohm_frame_t frame;
    if (end == piece) {
      /* a delimiter alone */
    } else if (!ohm_decode_frame((const uint8_t *)piece, (size_t)(end - piece), &frame)) {
      bad++;
    } else {
      PyObject *fields = fields_of(&frame);
      if (fields == NULL || PyList_Append(frames, fields)) {
        Py_XDECREF(fields);
        Py_DECREF(frames);
        return NULL;
      }
      Py_DECREF(fields);
    }
    piece = end + 1;
  }
  return Py_BuildValue("(Nl)", frames, bad);
}

static PyMethodDef methods[] = {
    {"encode", (PyCFunction)(void (*)(void))encode, METH_FASTCALL,
     "encode(type, seq, arg, payload) -> the bytes of a frame on the wire, delimiter included"},
    {"decode", decode, METH_O, "decode(data) -> fields of the good frames before its last delimiter, number of bad ones"},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_codec", .m_size = -1, .m_methods = methods};

PyMODINIT_FUNC PyInit__codec(void) {
  ohm_codec_start();
  return PyModule_Create(&definition);
}
