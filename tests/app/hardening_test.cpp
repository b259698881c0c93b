// What cmake/hardening.cmake asks for is in the program, as readelf sees it.
#include <gmock/gmock.h>

#include "tests/app/run_program.h"

namespace agewise::app {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

TEST(Hardening, the_program_is_loaded_anywhere_and_its_tables_are_read_only_before_main) {
  std::string told = run_command("readelf --file-header --program-headers --dynamic --wide " AGEWISE_PROGRAM).output;
  EXPECT_THAT(told, AllOf(ContainsRegex("Type: +DYN"), HasSubstr("GNU_RELRO"), HasSubstr("BIND_NOW")));
  EXPECT_THAT(told, ContainsRegex("GNU_STACK[^\n]* RW "));  // no code on the stack
}

TEST(Hardening, the_programs_code_checks_its_stack_and_its_buffers) {
  std::string names = run_command("readelf --dyn-syms --wide " AGEWISE_PROGRAM).output;
  EXPECT_THAT(names, HasSubstr("__stack_chk_fail"));
  EXPECT_THAT(names, ContainsRegex("__(memcpy|snprintf|read|memset)_chk"));
}

}  // namespace
}  // namespace agewise::app
