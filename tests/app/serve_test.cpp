// agewise serve as its operator meets it.
#include <gmock/gmock.h>

#include <filesystem>

#include "agewise/base/files.h"
#include "app/serve_log.h"
#include "tests/app/run_program.h"

namespace agewise::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// Starts the service with its output in a file, waits until it serves, runs `meanwhile` ($pid, $port, $log; `lines N`
// waits until it has said N times that it serves), stops it.
Outcome serve(const std::string& options, const std::string& meanwhile) {
  std::string log = testing::TempDir() + "agewise-serve.log", script = testing::TempDir() + "agewise-serve.sh";
  std::string text = "log=" + log + "\n: > $log\n" +
                     "AGEWISE_TOKEN=open-sesame " AGEWISE_PROGRAM " --kernels default serve --port 0 " + options +
                     " > $log 2>&1 &\npid=$!\n"
                     "lines() { for i in $(seq 1200); do [ $(grep -c '^serving ' $log) -ge $1 ] && return; sleep 0.05; "
                     "done; }\n"
                     "lines 1\nport=$(sed -n 's|^serving .*://[^/]*:\\([0-9]*\\)/.*|\\1|p' $log | head -1)\n" +
                     meanwhile + "\nkill $pid\nwait $pid\necho \"exit $?\"\ncat $log\n";
  base::write_file(script, text);
  Outcome outcome = run_command("bash " + script);
  fs::remove(script);
  fs::remove(log);
  return outcome;
}

TEST(SlowServeCommand, reads_the_model_again_on_sighup_and_goes_on) {
  Outcome outcome = serve("",
                          "kill -HUP $pid; lines 2; kill -0 $pid && echo alive; "
                          "exec 3<>/dev/tcp/127.0.0.1/$port; printf \"GET /readyz HTTP/1.0\\r\\n\\r\\n\" >&3; cat <&3");
  EXPECT_THAT(outcome.output, HasSubstr("alive\n"));
  EXPECT_THAT(outcome.output, HasSubstr(R"({"status":"ready"})"));
  EXPECT_THAT(outcome.output, HasSubstr("exit 0\n"));
}

TEST(SlowServeCommand, whose_model_cannot_be_read_again_goes_on_with_what_it_has) {
  fs::path model = fs::path(testing::TempDir()) / "agewise-serve.safetensors";
  fs::copy_file(fs::path(AGEWISE_SOURCE_DIR) / "models/compact.safetensors", model,
                fs::copy_options::overwrite_existing);
  Outcome outcome =
      serve("--model " + model.string(),
            "echo nonsense > " + model.string() +
                "; kill -HUP $pid; for i in $(seq 200); do grep -q SIGHUP $log && break; sleep 0.05; done; "
                "kill -0 $pid && echo alive");
  fs::remove(model);
  EXPECT_THAT(outcome.output, HasSubstr("alive\n"));
  EXPECT_THAT(outcome.output, HasSubstr("agewise: warning: SIGHUP: " + model.string()));
  EXPECT_THAT(outcome.output, HasSubstr("continues with the model and certificate that it has"));
}

TEST(ServeCommand, names_the_options_that_an_address_for_other_machines_needs) {
  Outcome outcome = run_command("env -u AGEWISE_TOKEN " AGEWISE_PROGRAM " serve --address 0.0.0.0");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr("--address 0.0.0.0 can be reached from other machines: give --token"));
}

// Each names another address that needs a token: the error tells which of them counts.
TEST(ServeCommand, takes_options_before_the_environment_before_the_file) {
  std::string file = testing::TempDir() + "agewise-serve.toml";
  base::write_file(file, "# an operator's\naddress = \"192.0.2.1\"\nmax-body = 8\n");
  const std::string alone = "env -u AGEWISE_TOKEN ", program = AGEWISE_PROGRAM " serve --config " + file;
  EXPECT_THAT(run_command(alone + program).output, HasSubstr("--address 192.0.2.1 can"));
  EXPECT_THAT(run_command(alone + "AGEWISE_SERVE_ADDRESS=192.0.2.2 " + program).output,
              HasSubstr("--address 192.0.2.2 can"));
  EXPECT_THAT(run_command(alone + "AGEWISE_SERVE_ADDRESS=192.0.2.2 " + program + " --address 192.0.2.3").output,
              HasSubstr("--address 192.0.2.3 can"));
  EXPECT_THAT(run_command(alone + "AGEWISE_SERVE_CONFIG=" + file + " " AGEWISE_PROGRAM " serve").output,
              HasSubstr("--address 192.0.2.1 can"));
  fs::remove(file);
}

TEST(ServeCommand, says_where_a_wrong_setting_stands) {
  std::string file = testing::TempDir() + "agewise-serve.toml";
  auto problem = [&](const std::string& text) {
    base::write_file(file, text);
    Outcome outcome = run_command(AGEWISE_PROGRAM " serve --config " + file);
    EXPECT_EQ(outcome.exit_code, 2) << text;
    return outcome.output;
  };
  const std::string begin = "agewise: " + file;
  EXPECT_EQ(problem("\nmax-bodi = 8\n"), begin + ", line 2: max-bodi is not an option; did you mean max-body?\n");
  EXPECT_EQ(problem("port = 70000"), begin + ", line 1: port: --port: Value 70000 not in range 0 to 65535\n");
  EXPECT_THAT(problem("log-format = \"xml\""), HasSubstr(begin + ", line 1: log-format: "));
  EXPECT_THAT(problem("detect = 3.5"), HasSubstr(begin + ", line 1: detect: "));
  EXPECT_THAT(problem("[limits]\nport = 1"), HasSubstr("line 1: limits is not an option"));
  EXPECT_THAT(problem("name = [{}]"), HasSubstr("must be a string, a number, true or false, or a list of these"));
  EXPECT_THAT(problem("port = "), HasSubstr(begin + ", line 1: "));
  EXPECT_THAT(problem("config = \"x\""), HasSubstr("config is not an option"));
  fs::remove(file);
  EXPECT_THAT(run_command(AGEWISE_PROGRAM " serve --config /nowhere.toml").output, HasSubstr("/nowhere.toml: "));
  Outcome variable = run_command("AGEWISE_SERVE_QUEUE=many " AGEWISE_PROGRAM " serve");
  EXPECT_EQ(variable.exit_code, 2);
  EXPECT_THAT(variable.output, HasSubstr("agewise: AGEWISE_SERVE_QUEUE: "));
  // Kubernetes makes up variables for each of its services: AGEWISE_SERVE_PORT_80_TCP, if one is called so.
  EXPECT_THAT(run_command("AGEWISE_SERVE_QUEU=1 " AGEWISE_PROGRAM " serve --address x").output,
              HasSubstr("AGEWISE_SERVE_QUEU in the environment is not an option; did you mean AGEWISE_SERVE_QUEUE?"));
}

TEST(ServeCommand, takes_the_token_from_one_place) {
  std::string file = testing::TempDir() + "agewise-serve.token";
  base::write_file(file, "\nsecret\n");
  EXPECT_THAT(run_command("env -u AGEWISE_TOKEN " AGEWISE_PROGRAM " serve --token-file " + file).output,
              HasSubstr(file + ": has no token in its first line"));
  EXPECT_THAT(run_command("AGEWISE_TOKEN=a " AGEWISE_PROGRAM " serve --token-file " + file).output,
              HasSubstr("give --token-file or --token, not both"));
  fs::remove(file);
}

TEST(ServeLog, has_a_line_of_text_or_json_for_a_request) {
  serve::RequestRecord record{"7f3a", "192.0.2.7", "POST", "/v1/estimate", 200, 0.0123456};
  // date -u -d @1795941627: Sun Nov 29 08:40:27 UTC 2026
  EXPECT_EQ(request_line(record, false, 1795941627.5),
            "2026-11-29T08:40:27Z 192.0.2.7 POST /v1/estimate 200 0.012 s 7f3a\n");
  EXPECT_EQ(request_line(record, true, 1795941627.5),
            R"({"time":"2026-11-29T08:40:27Z","client":"192.0.2.7","method":"POST","path":"/v1/estimate","status":200,)"
            R"("seconds":0.012346,"request_id":"7f3a"})"
            "\n");
}

TEST(SlowServeCommand, says_on_all_addresses_by_which_name_other_machines_reach_it) {
  const std::string hint = "refused until --name HOST";
  EXPECT_THAT(serve("--address 0.0.0.0", "").output, HasSubstr(hint));
  Outcome named = serve("--address 0.0.0.0 --name ages.example", "");
  EXPECT_THAT(named.output, HasSubstr(" at http://ages.example:"));
  EXPECT_THAT(named.output, Not(HasSubstr(hint)));
}

TEST(SlowServeCommand, writes_its_token_into_no_log) {
  Outcome outcome = serve("", "kill -HUP $pid; lines 2");
  EXPECT_THAT(outcome.output, HasSubstr("/#token=…"));
  EXPECT_THAT(outcome.output, Not(HasSubstr("open-sesame")));
}

}  // namespace
}  // namespace agewise::app
