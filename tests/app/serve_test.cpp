// agewise serve as its operator meets it.
#include <gmock/gmock.h>

#include <filesystem>

#include "agewise/base/files.h"
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
  EXPECT_THAT(outcome.output, HasSubstr("goes on with what it has"));
}

TEST(ServeCommand, names_the_options_that_an_address_for_other_machines_needs) {
  Outcome outcome = run_command("env -u AGEWISE_TOKEN " AGEWISE_PROGRAM " serve --address 0.0.0.0");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr("--address 0.0.0.0 can be reached from other machines: give --token"));
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
