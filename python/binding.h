// The parts of agewise._core.
#pragma once
#include <pybind11/pybind11.h>

// training.h for agewise/_training.py, which makes arrays and objects of the lists and tuples that these return.
void add_training(pybind11::module_& module);
