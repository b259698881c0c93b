// PyTorch's weight files, as torch.save(model.state_dict(), file) writes them: since 1.6 a zip of a pickle and raw
// numbers, before it five pickles and raw numbers.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>

#include "agewise/weights/arrays.h"

namespace agewise::weights {

// The tensors of a state dictionary, wherever it lies within the dictionaries and lists of the file: that with the most
// tensors, the optimiser's own left out; of equal ones that called "state_dict", "model" or such before an average
// ("ema"). float, double, float16 and bfloat16 become float. No code in the file is run, and objects of other types are
// passed over. Throws Error that names file and array, and says what to do with a file that holds a whole model or a
// TorchScript program; memory stays in proportion to the file.
WeightFile read_pth(const std::filesystem::path& file);
WeightFile parse_pth(std::span<const std::byte> file);  // errors without the file's name

// Whether the file begins as a zip or a pickle does.
bool is_pth(const std::filesystem::path& file);

}  // namespace agewise::weights
