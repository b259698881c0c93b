# The rooms, upper first: a room includes and links only rooms above it (tests/rooms_test.py reads this list).
set(AGEWISE_ROOMS
  base age recipe image catalog nn weights face whiten store prepare estimate train evaluate library verify report serve)
# Of these the library for other programs; the others are the program's alone.
set(AGEWISE_LIBRARY_ROOMS base age recipe image catalog nn weights face whiten store prepare estimate train evaluate library)

# With AGEWISE_PRECOMPILE the headers that most sources read are compiled once; clang gains by it, gcc does not. Every
# source names what it includes all the same: without the option, as in `make`, all builds too.
set(AGEWISE_COMMON_HEADERS <algorithm> <array> <cmath> <filesystem> <functional> <map> <memory> <optional> <span> <string>
  <vector> <fmt/format.h> <nlohmann/json.hpp>)

# agewise_precompile(TARGET OTHER) has the target share the headers of OTHER, or with OpenMP, which makes other code of
# them, compile its own.
function(agewise_precompile target other)
  if(NOT AGEWISE_PRECOMPILE)
    return()
  endif()
  get_target_property(libraries ${target} LINK_LIBRARIES)
  if("OpenMP::OpenMP_CXX" IN_LIST libraries)
    target_precompile_headers(${target} PRIVATE ${AGEWISE_COMMON_HEADERS})
  else()
    target_link_libraries(${target} PRIVATE fmt::fmt)  # a definition of its own must be the same in all that share
    target_precompile_headers(${target} REUSE_FROM ${other})
  endif()
endfunction()

# agewise_precompiled(NAME OPTIONS -O0 … HEADERS <a.h> … LIBRARIES Lib::lib …) declares what targets can share.
function(agewise_precompiled name)
  cmake_parse_arguments(SHARED "" "" "OPTIONS;HEADERS;LIBRARIES" ${ARGN})
  if(AGEWISE_PRECOMPILE)
    file(CONFIGURE OUTPUT ${name}.cpp CONTENT "")
    add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
    target_compile_options(${name} PRIVATE ${SHARED_OPTIONS})
    target_precompile_headers(${name} PRIVATE ${AGEWISE_COMMON_HEADERS} ${SHARED_HEADERS})
    target_link_libraries(${name} PRIVATE agewise_warnings fmt::fmt ${SHARED_LIBRARIES})
  endif()
endfunction()

# agewise_room(NAME SOURCES a.cpp … ROOMS base … LIBRARIES Lib::lib …)
# declares the room's library agewise_NAME from the sources in its own folder.
function(agewise_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(agewise_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(agewise_${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM ROOM_ROOMS PREPEND agewise_)
  target_link_libraries(agewise_${name} PUBLIC ${ROOM_ROOMS} PRIVATE agewise_warnings ${ROOM_LIBRARIES})
  agewise_precompile(agewise_${name} precompiled)
endfunction()

set(AGEWISE_TEST_ENVIRONMENT "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/leaks.supp:print_suppressions=0")

# agewise_test(NAME SOURCES a_test.cpp … ROOMS image … [LIBRARIES …] [SLOW])
# declares the test program NAME_test. Suites whose name begins with Slow run apart, under the label `slow`, if SLOW is said.
function(agewise_test name)
  cmake_parse_arguments(TEST "SLOW" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  list(TRANSFORM TEST_ROOMS PREPEND agewise_)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name}_test PRIVATE
    AGEWISE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" AGEWISE_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared")
  target_compile_options(${name}_test PRIVATE ${AGEWISE_PLAIN_FLAGS})
  target_link_libraries(${name}_test PRIVATE ${TEST_ROOMS} ${TEST_LIBRARIES} agewise_warnings GTest::gmock GTest::gtest_main)
  agewise_precompile(${name}_test precompiled_for_tests)
  add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1 --gtest_filter=-Slow*)
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 900
    ENVIRONMENT "${AGEWISE_TEST_ENVIRONMENT}")
  if(TEST_SLOW)
    add_test(NAME ${name}_slow COMMAND ${name}_test --gtest_brief=1 --gtest_filter=Slow*)
    set_tests_properties(${name}_slow PROPERTIES LABELS slow TIMEOUT 1200)
  endif()
endfunction()

add_library(agewise_warnings INTERFACE)
target_compile_options(agewise_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers $<$<BOOL:${AGEWISE_WERROR}>:-Werror>)
# At -O3 GCC 12 takes its own std::string and std::vector for faulty (GCC bugs 105651, 105329, 105762). The developers'
# builds, at -O2 and with -Werror, keep these warnings.
if(NOT AGEWISE_WERROR AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(agewise_warnings INTERFACE -Wno-restrict -Wno-stringop-overflow)
endif()

agewise_precompiled(precompiled)
if(AGEWISE_TESTS)
  agewise_precompiled(precompiled_for_tests OPTIONS ${AGEWISE_PLAIN_FLAGS} -fPIE
    HEADERS <gmock/gmock.h> <gtest/gtest.h> LIBRARIES GTest::gmock)
  if(AGEWISE_PRECOMPILE)
    set_target_properties(precompiled_for_tests PROPERTIES POSITION_INDEPENDENT_CODE OFF)  # -fPIE as of programs, not -fPIC
  endif()
endif()

# agewise_embed(ROOM NAME file…) compiles the files into the room, or into the program if ROOM is `app`: NAME_texts() returns them, from stem to text.
function(agewise_embed room name)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name}_texts.cpp)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DROOM=${room} -DNAME=${name} "-DFILES=${ARGN}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  if(room STREQUAL "app")
    target_sources(agewise_commands PRIVATE ${out})
  else()
    target_sources(agewise_${room} PRIVATE ${out})
  endif()
endfunction()
