// What the program shows: progress on stderr where that is a terminal, tables and JSON on stdout.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/base/text.h"
#include "agewise/library/surroundings.h"

namespace agewise::app {

using base::with_thousands;
using library::steady_clock;
base::Clock thread_clock();  // processor time of the thread that calls it

// One line on stderr, redrawn in place at most ten times a second, cleared by the destructor. Where stderr is no
// terminal, as in a log, a line of its own every 30 seconds.
class ProgressLine {
 public:
  explicit ProgressLine(base::Clock clock = steady_clock());
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  base::ProgressSink sink();  // must not be called after this is gone
  void clear();               // before anything else is printed

 private:
  void draw(const base::Progress& progress);

  base::Clock clock_;
  bool shown_ = false, terminal_;
  std::string what_;  // of the phase that is shown; rate and ETA are those of the phase
  std::uint64_t done_at_start_ = 0;
  double start_ = 0, last_drawn_ = 0;  // seconds of clock_
};

// "preparing  12,345 of 62,328  19 %  1,049/s  0:47 left  132 rejects", of which `done_here` took `seconds` (work that
// was resumed did not do the rest). What is not known yet is left out.
std::string progress_text(const base::Progress& progress, std::uint64_t done_here, double seconds);

std::string duration_text(double seconds);  // "0:47", "1:02:03", "3 days 04:00"

// Columns aligned by spaces, the first row above a rule (none under an empty head); a column of numbers below its head
// is set to the right. Every row has as many cells as the first. Ends with a newline.
std::string table(const std::vector<std::vector<std::string>>& rows);

std::size_t display_width(std::string_view text);  // characters of UTF-8, not bytes

std::string csv_field(const std::string& text);  // RFC 4180: quoted where it must be

// To stdout. A failed write is found when main ends.
void print(std::string_view text);
void note(std::string_view text);  // to stderr, as "agewise: …"
void warn(std::string_view text);  // to stderr, as "agewise: warning: …"
// One line, or indented by so many blanks a level. Texts that are not UTF-8, as file names may be, are escaped
// (base/text.h).
std::string json_text(nlohmann::ordered_json json, int indent = -1);
void print_json(const nlohmann::ordered_json& json);  // indented, with a newline

}  // namespace agewise::app
