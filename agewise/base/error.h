// What is thrown when an operation is broken. (A bad picture is not: it is a value, a reject with its reason.)
#pragma once
#include <filesystem>
#include <stdexcept>
#include <string>

namespace agewise::base {

// what() is one line for the user: it names the file and the place, and says what to do where that is not plain.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Wrong use of a command, a recipe or an option: the program exits with 2.
struct UsageError : Error {
  using Error::Error;
};

// Work that was asked to stop and has saved all that it had: the program exits with 130.
struct Interrupted : Error {
  using Error::Error;
};

// "FILE: message".
Error file_error(const std::filesystem::path& file, const std::string& message);

// "FILE: message: No such file or directory", the reason taken from `error_number` (an errno).
Error system_error(const std::filesystem::path& file, const std::string& message, int error_number);

}  // namespace agewise::base
