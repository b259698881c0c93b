// agewise serve [--model M]: the model as an HTTP service with a page, until it is stopped.
#include "agewise/serve/service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/face/spec.h"
#include "agewise/serve/listen.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/serve_log.h"
#include "app/service_manager.h"
#include "app/settings.h"
#include "app/signals.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

constexpr std::uint64_t kLargestCertificate = std::uint64_t{1} << 20;  // bytes, a chain included

struct Arguments {
  std::string config, model, certificate, key, token_file, log_format = "none";
  std::vector<std::string> proxies;
  int megabytes = 32, megapixels = 50, per_client = 50;
  double gather_milliseconds = 2;
  std::optional<int> batch;
  library::Detection detection;
  std::vector<std::string> settings;
  serve::ServiceOptions service;
};

// One line, so that a file made by `openssl rand -hex 24 > token` will do.
std::string token_of(const Arguments& arguments) {
  if (arguments.token_file.empty()) return arguments.service.token;
  if (!arguments.service.token.empty()) throw base::UsageError("give --token-file or --token, not both");
  std::string text = base::read_text_file(arguments.token_file, kLargestCertificate);
  std::string token = text.substr(0, text.find_first_of("\r\n"));
  if (token.empty()) throw base::file_error(arguments.token_file, "has no token in its first line");
  return token;
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

// Two faces a thread are computed as fast, per face, as more; and whoever comes next waits less.
int default_batch(int threads) { return std::clamp(2 * threads, 4, 16); }

serve::ServiceOptions options_of(const Arguments& arguments, const Context& context, LogWriter& log) {
  serve::ServiceOptions options = arguments.service;
  if (!arguments.certificate.empty()) {
    options.http.certificate = base::read_text_file(arguments.certificate, kLargestCertificate);
  }
  if (!arguments.key.empty()) options.http.key = base::read_text_file(arguments.key, kLargestCertificate);
  options.token = token_of(arguments);
  options.id_seed = random_seed();
  for (const std::string& proxy : arguments.proxies) options.http.trusted.push_back(serve::parse_network(proxy));
  if (arguments.log_format != "none") {
    options.log = [&log, json = arguments.log_format == "json"](const serve::RequestRecord& record) {
      log.write(request_line(record, json, time_of_day()));
    };
  }
  options.http.largest_body = static_cast<std::size_t>(arguments.megabytes) << 20;
  options.http.all_bodies = std::max(options.http.all_bodies, 2 * options.http.largest_body);
  options.pipeline.max_pixels = static_cast<std::uint64_t>(arguments.megapixels) * 1'000'000;
  options.pipeline.gather_seconds = arguments.gather_milliseconds / 1000;
  options.pipeline.give_up_seconds = options.http.request_seconds;
  options.pipeline.readers = context.threads;
  options.pipeline.batch = arguments.batch.value_or(default_batch(context.threads));
  options.pipeline.largest_job = options.most_files;
  options.pipeline.thread_clock = thread_clock();
  options.http.per_client = options.pipeline.one_client = arguments.per_client / 100.0;
  if (!serve::is_loopback(options.http.address)) options.names.push_back(options.http.address);
  return options;
}

bool is_any_address(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

// The token only where a person reads it: what goes into a file or a journal is read by others too.
std::string url_of(const serve::ServiceOptions& options, int port) {
  // Of all addresses the first --name, if there is one: names follow in options_of.
  const std::string& address = is_any_address(options.http.address) ? options.names.front() : options.http.address;
  std::string url = fmt::format("{}://{}:{}/", options.http.certificate.empty() ? "http" : "https",
                                address.find(':') == std::string::npos ? address : "[" + address + "]", port);
  bool is_read_by_a_person = ::isatty(STDOUT_FILENO) == 1;
  // Behind the # it stays in the browser: the page takes it from there.
  if (!options.token.empty()) url += is_read_by_a_person ? "#token=" + options.token : "#token=…";
  return url;
}

struct Loaded {
  std::filesystem::path file;
  estimate::Model model;
  serve::ServiceOptions options;
  bool log_as_json = false;
};

Loaded load(const Arguments& arguments, const Context& context, LogWriter& log) {
  Loaded loaded;
  loaded.options = options_of(arguments, context, log);
  loaded.log_as_json = arguments.log_format == "json";
  serve::check_options(loaded.options);
  library::OpenedModel opened = opened_model(arguments.model, arguments.detection, arguments.settings);
  if (!face::cuts_faces(opened.model.recipe.face) && !arguments.detection.crops)
    warn("this model takes each picture as one face crop; use --detect to find the faces in photographs");
  loaded.file = std::move(opened.file);
  loaded.model = std::move(opened.model);
  return loaded;
}

// Model and certificate read again, or nothing, with a warning, where that fails: the service goes on as it was.
std::optional<Loaded> load_again(const Arguments& arguments, const Context& context, LogWriter& log) {
  try {
    return load(arguments, context, log);
  } catch (const base::Error& problem) {
    warn(fmt::format("SIGHUP: {}; the service continues with the model and certificate that it has", problem.what()));
    return std::nullopt;
  }
}

std::unique_ptr<serve::Service> start(Loaded loaded, const serve::Listener& listener, nn::Engine& engine,
                                      LogWriter& log) {
  loaded.options.http.listener = listener;
  auto service = std::make_unique<serve::Service>(std::move(loaded.model), engine, loaded.options, steady_clock());
  std::string url = url_of(loaded.options, service->port());
  log.write(start_line(loaded.file.string(), url, loaded.log_as_json, time_of_day()));
  tell_manager("READY=1");
  return service;
}

void run(const Arguments& arguments, const Context& context) {
  base::StopFlag& hung_up = note_hangups();
  LogWriter log;
  serve::ServiceOptions options = options_of(arguments, context, log);
  // At once: reading a model and choosing its kernels may take long.
  serve::check_options(options);
  auto listen = [&, passed = passed_socket()](int port) {
    return passed ? serve::listener_of(*passed) : serve::listen_on(options.http.address, port);
  };
  serve::Listener listener = listen(options.http.port);
  std::unique_ptr<nn::Engine> engine = engine_for(context);
  bool behind_tls = !options.http.certificate.empty() || !options.http.trusted.empty();  // the proxy's
  if (!serve::is_loopback(options.http.address) && !behind_tls) {
    warn("pictures and the token are sent unencrypted; use --tls-cert and --tls-key for TLS");
  }
  if (is_any_address(options.http.address) && arguments.service.names.empty()) {
    warn("clients on other machines are refused until --name HOST gives the host name or IP address that they use");
  }
  std::unique_ptr<serve::Service> service = start(load(arguments, context, log), listener, *engine, log);
  while (!context.stop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (!hung_up.exchange(false)) continue;
    std::optional<Loaded> again = load_again(arguments, context, log);
    if (!again) continue;
    tell_manager("RELOADING=1");
    service.reset();  // answers what is in flight, and closes the socket
    service = start(*std::move(again), listen(listener.port), *engine, log);
  }
  tell_manager("STOPPING=1");
}

void add_network(CLI::App& command, Arguments& arguments) {
  serve::ServiceOptions& service = arguments.service;
  command.add_option("--port", service.http.port, "Port to listen on; 0: any free one")->check(CLI::Range(0, 65535));
  command.add_option("--address", service.http.address,
                     "Address to listen on; addresses other than loopback require --token");
  command.add_option("--name", service.names, "Additional host name that clients may use in the URL; may be repeated")
      ->default_str("");
  command
      .add_option("--token", service.token,
                  "Bearer token that clients must send; better given in the environment or by --token-file, where `ps` "
                  "does not show it")
      ->envname("AGEWISE_TOKEN");
  command.add_option("--token-file", arguments.token_file, "File with the token in its first line");
  command.add_option("--tls-cert", arguments.certificate, "PEM file with the certificate and its chain");
  command.add_option("--tls-key", arguments.key, "PEM file with the certificate's private key");
  command
      .add_option("--trusted-proxy", arguments.proxies,
                  "Address or network of a reverse proxy whose X-Forwarded-For, -Host and -Proto are trusted; it must "
                  "set or remove all three, or else any client could forge them; may be repeated")
      ->type_name("ADDRESS[/BITS]")
      ->default_str("");
}

void add_limits(CLI::App& command, Arguments& arguments) {
  serve::HttpOptions& http = arguments.service.http;
  serve::PipelineOptions& pipeline = arguments.service.pipeline;
  command.add_option("--max-body", arguments.megabytes, "Largest request, in megabytes")->check(CLI::Range(1, 1024));
  command.add_option("--max-pixels", arguments.megapixels, "Largest picture, in million pixels")
      ->check(CLI::Range(1, 1000));
  command.add_option("--max-files", arguments.service.most_files, "Largest number of pictures in one request")
      ->check(CLI::Range(1, 1000));
  command
      .add_option("--timeout", http.request_seconds,
                  "Seconds within which a request must have arrived and its processing must have begun")
      ->check(CLI::Range(1, 3600));
  command.add_option("--connections", http.connections, "Largest number of simultaneous connections")
      ->check(CLI::Range(1, 10000));
  command
      .add_option("--per-client", arguments.per_client,
                  "Percentage of connections, memory and queue that one client address may use")
      ->check(CLI::Range(1, 100));
  command
      .add_option("--queue", pipeline.waiting, "Largest number of waiting pictures; further ones are answered with 503")
      ->check(CLI::Range(1, 100000));
  command
      .add_option("--picture-seconds", pipeline.picture_seconds,
                  "Largest processor time for decoding one picture, in seconds")
      ->check(CLI::Range(0.1, 3600.0));
  command
      .add_option("--batch", arguments.batch,
                  "Largest number of faces in one batch of the network; default: two per thread, 4 to 16")
      ->default_str("")
      ->check(CLI::Range(1, 256));
  command
      .add_option("--gather", arguments.gather_milliseconds,
                  "Milliseconds that a face waits for other faces to share its batch")
      ->check(CLI::Range(0, 1000));
}

}  // namespace

void add_serve(CLI::App& program, const Context& context) {
  CLI::App* command =
      program.add_subcommand("serve", "Estimate ages over HTTP: an API, and a web page to drop pictures on");
  command->option_defaults()->always_capture_default();
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("--config", arguments->config,
                   "TOML file with options under the same names, as in port = 8080. The command line overrides the "
                   "environment, as in AGEWISE_SERVE_PORT=8080, which overrides the file")
      ->envname("AGEWISE_SERVE_CONFIG")
      ->configurable(false);
  command->add_option("--model", arguments->model, kModelOrDefaultHelp);
  add_detect_options(*command, arguments->detection);
  add_settings_option(*command, arguments->settings);
  add_network(*command, *arguments);
  command
      ->add_option("--log-format", arguments->log_format,
                   "Log each request to standard output as a line of text or JSON; nothing of the pictures is logged")
      ->check(CLI::IsMember({"none", "text", "json"}));
  add_limits(*command, *arguments);
  command->callback([arguments, command, &context] {
    complete_options(*command, arguments->config);
    if (std::optional<int> passed = passed_socket()) arguments->service.http.address = serve::address_of(*passed);
    run(*arguments, context);
  });
}

}  // namespace agewise::app
