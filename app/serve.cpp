// agewise serve [--model M]: the model as an HTTP service with a page, until it is stopped.
#include "agewise/serve/service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/serve/listen.h"
#include "agewise/train/run_folder.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/shipped_model.h"
#include "app/signals.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

constexpr std::uint64_t kLargestCertificate = std::uint64_t{1} << 20;  // bytes, a chain included

struct Arguments {
  std::string model, certificate, key;
  int megabytes = 32, megapixels = 50, per_client = 50;
  double gather_milliseconds = 2;
  DetectOptions detection;
  serve::ServiceOptions service;
};

serve::ServiceOptions options_of(const Arguments& arguments, const Context& context) {
  serve::ServiceOptions options = arguments.service;
  if (!arguments.certificate.empty()) {
    options.http.certificate = base::read_text_file(arguments.certificate, kLargestCertificate);
  }
  if (!arguments.key.empty()) options.http.key = base::read_text_file(arguments.key, kLargestCertificate);
  options.http.largest_body = static_cast<std::size_t>(arguments.megabytes) << 20;
  options.http.all_bodies = std::max(options.http.all_bodies, 2 * options.http.largest_body);
  options.pipeline.max_pixels = static_cast<std::uint64_t>(arguments.megapixels) * 1'000'000;
  options.pipeline.gather_seconds = arguments.gather_milliseconds / 1000;
  options.pipeline.give_up_seconds = options.http.request_seconds;
  options.pipeline.readers = context.threads;
  options.pipeline.largest_job = options.most_files;
  options.pipeline.thread_clock = thread_clock();
  options.http.per_client = options.pipeline.one_client = arguments.per_client / 100.0;
  if (!serve::is_loopback(options.http.address)) options.names.push_back(options.http.address);
  return options;
}

// The token only where a person reads it: what goes into a file or a journal is read by others too.
std::string url_of(const serve::ServiceOptions& options, int port) {
  const std::string& address = options.http.address;
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
};

Loaded load(const Arguments& arguments, const Context& context) {
  Loaded loaded;
  loaded.options = options_of(arguments, context);
  serve::check_options(loaded.options);
  loaded.file = arguments.model.empty() ? shipped_model() : train::model_file_of(arguments.model);
  loaded.model = estimate::read_model(loaded.file);
  apply_detection(arguments.detection, loaded.model);
  return loaded;
}

// Model and certificate read again, or nothing, with a warning, where that fails: the service goes on as it was.
std::optional<Loaded> load_again(const Arguments& arguments, const Context& context) {
  try {
    return load(arguments, context);
  } catch (const base::Error& problem) {
    warn(fmt::format("SIGHUP: {}; the service goes on with what it has", problem.what()));
    return std::nullopt;
  }
}

std::unique_ptr<serve::Service> start(Loaded loaded, const serve::Listener& listener, nn::Engine& engine) {
  loaded.options.http.listener = listener;
  auto service = std::make_unique<serve::Service>(std::move(loaded.model), engine, loaded.options, steady_clock());
  print(fmt::format("serving {} at {}\n", loaded.file.string(), url_of(loaded.options, service->port())));
  std::fflush(stdout);
  return service;
}

void run(const Arguments& arguments, const Context& context) {
  base::StopFlag& hung_up = note_hangups();
  serve::ServiceOptions options = options_of(arguments, context);
  // At once: reading a model and choosing its kernels may take long.
  serve::check_options(options);
  serve::Listener listener = serve::listen_on(options.http.address, options.http.port);
  std::unique_ptr<nn::Engine> engine = engine_for(context);
  if (!serve::is_loopback(options.http.address) && options.http.certificate.empty()) {
    warn("pictures and the token travel unencrypted; --tls-cert and --tls-key give TLS");
  }
  std::unique_ptr<serve::Service> service = start(load(arguments, context), listener, *engine);
  while (!context.stop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (!hung_up.exchange(false)) continue;
    std::optional<Loaded> again = load_again(arguments, context);
    if (!again) continue;
    service.reset();  // answers what is in flight, and closes the socket
    service = start(*std::move(again), serve::listen_on(options.http.address, listener.port), *engine);
  }
}

void add_limits(CLI::App& command, Arguments& arguments) {
  serve::HttpOptions& http = arguments.service.http;
  serve::PipelineOptions& pipeline = arguments.service.pipeline;
  command.add_option("--max-body", arguments.megabytes, "Megabytes of one request")->check(CLI::Range(1, 1024));
  command.add_option("--max-pixels", arguments.megapixels, "Million pixels of one picture")->check(CLI::Range(1, 1000));
  command.add_option("--max-files", arguments.service.most_files, "Pictures in one request")
      ->check(CLI::Range(1, 1000));
  command.add_option("--timeout", http.request_seconds, "Seconds in which a request must arrive, and be begun")
      ->check(CLI::Range(1, 3600));
  command.add_option("--connections", http.connections, "Connections at once")->check(CLI::Range(1, 10000));
  command
      .add_option("--per-client", arguments.per_client,
                  "Percent of connections, memory and queue that one address may take; 100 behind a proxy")
      ->check(CLI::Range(1, 100));
  command.add_option("--queue", pipeline.waiting, "Pictures that may wait; more are answered with 503")
      ->check(CLI::Range(1, 100000));
  command
      .add_option("--picture-seconds", pipeline.picture_seconds, "Processor time in which a picture must be decoded")
      ->check(CLI::Range(0.1, 3600.0));
  command.add_option("--batch", pipeline.batch, "Faces in one call of the network, at most")->check(CLI::Range(1, 256));
  command
      .add_option("--gather", arguments.gather_milliseconds,
                  "Milliseconds that a face waits for others which are being read")
      ->check(CLI::Range(0, 1000));
}

}  // namespace

void add_serve(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "serve", "Answers with the ages in pictures that are sent to it, over HTTP, and shows a page to drop them on");
  command->option_defaults()->always_capture_default();
  auto arguments = std::make_shared<Arguments>();
  serve::ServiceOptions& service = arguments->service;
  command->add_option("--model", arguments->model,
                      "A model file, or a run: its best checkpoint; the one that comes with agewise by default");
  add_detect_options(*command, arguments->detection);
  command->add_option("--port", service.http.port, "0: any free one")->check(CLI::Range(0, 65535));
  command->add_option("--address", service.http.address, "Where to listen; off this machine only with a token");
  command->add_option("--name", service.names, "What else the server is called in URLs; may be repeated");
  command->add_option("--token", service.token, "What clients must show; also from the environment")
      ->envname("AGEWISE_TOKEN");
  command->add_option("--tls-cert", arguments->certificate, "PEM file: certificate with its chain");
  command->add_option("--tls-key", arguments->key, "PEM file: its key");
  add_limits(*command, *arguments);
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace agewise::app
