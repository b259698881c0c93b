#include "agewise/report/report.h"

#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agewise/base/json.h"
#include "agewise/report/data.h"
#include "agewise/report/page_parts.h"

namespace agewise::report {

std::map<std::string, std::string> page_texts();  // made at build from page/ and Chart.js

namespace {

// JSON inside of a <script>: no "</script>" may end it early, whatever the files are called.
std::string json_for_script(const nlohmann::json& json) {
  std::string text = base::json_text_to_show(json);
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at))
    text.replace(at, 1, "\\u003c");
  return text;
}

}  // namespace

std::string style_sheet() { return page_texts().at("style"); }

std::string chart_script() { return page_texts().at("chart.min"); }

bool is_report(std::string_view beginning) {
  return beginning.find("<meta name=\"generator\" content=\"agewise\">") != std::string_view::npos ||
         beginning.find("<title>agewise report</title>") != std::string_view::npos;  // before it named its generator
}

std::string report_html(const Report& report) {
  std::map<std::string, std::string> texts = page_texts();
  const std::string& page = texts.at("page");
  std::string html;
  std::size_t done = 0;
  auto insert = [&](const std::string& mark, const std::string& text) {
    std::size_t at = page.find(mark, done);
    if (at == std::string::npos) throw std::logic_error("page.html has no " + mark);
    html += page.substr(done, at - done) + text;
    done = at + mark.size();
  };
  insert("/*STYLE*/", texts.at("style"));
  insert("/*DATA*/", json_for_script(report_data(report)));
  insert("/*CHART*/", texts.at("chart.min"));
  insert("/*SCRIPT*/", texts.at("script"));
  return html + page.substr(done);
}

}  // namespace agewise::report
