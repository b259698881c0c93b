// agewise bench photographs FOLDER: whole photographs a second, decoding included, and what each step takes of it.
#pragma once

#include "app/commands.h"

namespace agewise::app {

// Adds itself to `bench`.
void add_bench_photographs(CLI::App& bench, const Context& context);

}  // namespace agewise::app
