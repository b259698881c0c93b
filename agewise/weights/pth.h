// PyTorch's weight files, as torch.save(model.state_dict(), file) writes them: since 1.6 a zip of a pickle and raw
// numbers, before it five pickles and raw numbers.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>

#include "agewise/weights/arrays.h"

namespace agewise::weights {

// The tensors of the dictionary in the file, or of its entry "state_dict", "model_state_dict" or "model" where the
// dictionary itself holds none. float, double, float16 and bfloat16 become float. No code in the file is run: a pickle
// that names anything but tensors is refused. Throws Error that names file and array; memory stays in proportion to the
// file.
WeightFile read_pth(const std::filesystem::path& file);
WeightFile parse_pth(std::span<const std::byte> file);  // errors without the file's name

// Whether the file begins as a zip or a pickle does.
bool is_pth(const std::filesystem::path& file);

}  // namespace agewise::weights
