#include "agewise/base/error.h"

#include <system_error>

namespace agewise::base {

Error file_error(const std::filesystem::path& file, const std::string& message) {
  return Error(file.string() + ": " + message);
}

Error system_error(const std::filesystem::path& file, const std::string& message, int error_number) {
  return file_error(file, message + ": " + std::generic_category().message(error_number));
}

}  // namespace agewise::base
