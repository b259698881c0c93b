// What the service's pages share with the report: they look alike.
#pragma once
#include <string>

namespace agewise::report {

std::string style_sheet();
std::string chart_script();  // Chart.js (MIT; its licence stays in it)

}  // namespace agewise::report
