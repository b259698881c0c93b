// The values of a MAT v5 array.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "agewise/catalog/mat5_elements.h"

namespace agewise::catalog::mat5 {

// A numeric or char array as it lies in the file: as many data as `count` demands, or none at all.
struct Array {
  bool is_text = false;
  std::uint32_t storage = 0;  // type of the numbers or code units, which need not be that of the array's class
  std::uint64_t count = 0;    // of elements: the product of the dimensions
  Bytes data;
};

// Bytes of a number of this type of data; 0: no type of numbers.
std::size_t bytes_of_number(std::uint32_t type);

// Element `i` < count of an array of numbers. An integer beyond 2^53 is rounded.
double number_at(const Array& array, std::size_t i);

// A char array as UTF-8, without the zeros at its end; empty for an array of numbers. What is no character in UTF-16
// or UTF-32 becomes U+FFFD; bytes stay as they are.
std::string text_of(const Array& array);

}  // namespace agewise::catalog::mat5
