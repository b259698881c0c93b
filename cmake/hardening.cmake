# What makes a defect in a program that reads strangers' files harder to exploit (tests/app/hardening_test.cpp looks for it
# in the program). Builds with sanitizers, whose type is None, go without: they abort at the defect itself.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)  # what the shared library needs, too
if(CMAKE_BUILD_TYPE MATCHES "^Rel")
  set(AGEWISE_HARDENED ON)
  include(CheckPIESupported)
  check_pie_supported()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection)
  add_compile_definitions(_FORTIFY_SOURCE=2)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection)
  endif()
  add_link_options(-Wl,-z,relro -Wl,-z,now)
endif()
