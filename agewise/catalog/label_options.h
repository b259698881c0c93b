// What a user says of label files that they do not say themselves: --columns, --gender, --names.
#pragma once
#include <string>
#include <string_view>

#include "agewise/catalog/catalog.h"

namespace agewise::catalog {

// Each as the option has it, empty where it was not given: "file=photo,age=years", "1=male", "agedb". Throws UsageError
// for what is none.
LabelOptions parse_label_options(std::string_view columns, std::string_view gender, std::string_view names);

// A line an option that was given, as a store keeps them: "columns age=years,file=photo\ngender 1=male\nnames agedb".
std::string to_text(const LabelOptions& options);

// The options among the lines of a store's metadata, to_text's reverse: other lines are passed over.
LabelOptions label_options_in(std::string_view lines);

// `options`, and where they say nothing what `earlier` said.
LabelOptions filled_up(LabelOptions options, const LabelOptions& earlier);

}  // namespace agewise::catalog
