// The parts of agewise._core.
#pragma once
#include <pybind11/pybind11.h>

#include <string>

// training.h for agewise/_training.py, which makes arrays and objects of the lists and tuples that these return.
void add_training(pybind11::module_& module);

// Names of files, and what tells of them, need not be UTF-8: as os.fsdecode() has them.
inline pybind11::str text_of(const std::string& bytes) {
  PyObject* text = PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<pybind11::ssize_t>(bytes.size()));
  if (text == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::str>(text);
}
