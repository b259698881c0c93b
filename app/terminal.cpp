#include "app/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "agewise/base/text.h"

namespace agewise::app {
namespace {

constexpr double kSecondsBetweenDraws = 0.1, kSecondsBetweenLines = 30;

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool continues_a_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string cut_to_width(std::string text, std::size_t width) {
  while (display_width(text) > width) {
    while (continues_a_character(text.back())) text.pop_back();
    text.pop_back();
  }
  return text;
}

bool is_number(std::string_view cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789.,-+% ") == std::string_view::npos;
}

void make_utf8(nlohmann::ordered_json& json) {
  if (json.is_string()) json = base::as_utf8(json.get_ref<const std::string&>());
  if (!json.is_structured()) return;
  for (nlohmann::ordered_json& element : json) make_utf8(element);
}

}  // namespace

base::Clock thread_clock() {
  return [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
}

ProgressLine::ProgressLine(base::Clock clock)
    : clock_(std::move(clock)), terminal_(::isatty(STDERR_FILENO) == 1), last_drawn_(clock_()) {}

ProgressLine::~ProgressLine() { clear(); }

base::ProgressSink ProgressLine::sink() {
  return [this](const base::Progress& progress) { draw(progress); };
}

void ProgressLine::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

void ProgressLine::draw(const base::Progress& progress) {
  double now = clock_();
  if (progress.what != what_) {
    what_ = progress.what;
    start_ = now;
    done_at_start_ = progress.done;
    if (terminal_) last_drawn_ = now - 1;
  }
  if (now - last_drawn_ < (terminal_ ? kSecondsBetweenDraws : kSecondsBetweenLines)) return;
  last_drawn_ = now;
  std::string text = progress_text(progress, progress.done - done_at_start_, now - start_);
  if (!terminal_) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return;
  }
  std::fprintf(stderr, "\r%s\033[K", cut_to_width(std::move(text), terminal_width() - 1).c_str());
  std::fflush(stderr);
  shown_ = true;
}

std::string progress_text(const base::Progress& progress, std::uint64_t done_here, double seconds) {
  std::string text = progress.what + "  " + with_thousands(progress.done);
  if (progress.total > 0) {
    text += fmt::format(" of {}  {} %", with_thousands(progress.total), progress.done * 100 / progress.total);
  }
  if (done_here > 0 && seconds > 0) {
    double rate = static_cast<double>(done_here) / seconds;
    text += rate < 10 ? fmt::format("  {:.1f}/s", rate)
                      : fmt::format("  {}/s", with_thousands(static_cast<std::uint64_t>(rate)));
    if (progress.total > progress.done) {
      text += fmt::format("  {} left", duration_text(static_cast<double>(progress.total - progress.done) / rate));
    }
  }
  if (progress.rejects > 0) text += fmt::format("  {} rejects", with_thousands(progress.rejects));
  return text;
}

std::size_t display_width(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_a_character));
}

std::string duration_text(double seconds) {
  auto total = static_cast<std::int64_t>(std::ceil(seconds));
  std::int64_t days = total / 86400, hours = total / 3600 % 24, minutes = total / 60 % 60;
  if (days > 0) return fmt::format("{} day{} {:02}:{:02}", days, days == 1 ? "" : "s", hours, minutes);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60);
  return fmt::format("{}:{:02}", minutes, total % 60);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return {};
  std::size_t columns = rows[0].size();
  std::vector<std::size_t> widths(columns, 0);
  std::vector<char> numeric(columns, 1);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      widths[c] = std::max(widths[c], display_width(rows[r][c]));
      if (r > 0 && !is_number(rows[r][c])) numeric[c] = 0;
    }
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      std::string blanks(widths[c] - display_width(rows[r][c]), ' ');
      if (c > 0) text += "  ";
      text += numeric[c] != 0 ? blanks + rows[r][c] : rows[r][c] + (c + 1 < columns ? blanks : "");
    }
    text.resize(text.find_last_not_of(' ') + 1);
    text += '\n';
    if (r > 0) continue;
    for (std::size_t c = 0; c < columns; ++c)
      text += (c > 0 ? "  " : "") + std::string(rows[0][c].empty() ? 0 : widths[c], '-');
    text += '\n';
  }
  return text;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void note(std::string_view text) { std::fprintf(stderr, "agewise: %s\n", std::string(text).c_str()); }

void warn(std::string_view text) { std::fprintf(stderr, "agewise: warning: %s\n", std::string(text).c_str()); }

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string json_text(nlohmann::ordered_json json, int indent) {
  make_utf8(json);
  return json.dump(indent);
}

void print_json(const nlohmann::ordered_json& json) { print(json_text(json, 2) + "\n"); }

}  // namespace agewise::app
