# Debian packages (docs/packages.md): `cpack` in a build folder, or `make package`. Which file goes into which is said where
# it is installed: COMPONENT program, library, dev, compact, permissive or python.
if(DEFINED ENV{DEBEMAIL})  # as Debian's own tools have it
  set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
else()
  set(maintainer "agewise <root@localhost>")
endif()
set(AGEWISE_MAINTAINER ${maintainer} CACHE STRING "Who packs agewise, as in the packages' field Maintainer")
option(AGEWISE_PYTHON "Build python3-agewise with Debian's pybind11" OFF)
set(packages agewise libagewise0 libagewise-dev agewise-model-compact agewise-model-permissive)

# The system service. None of this is of use below another prefix: `cmake --install` leaves it out.
install(FILES packaging/serve.toml DESTINATION /etc/agewise COMPONENT program EXCLUDE_FROM_ALL)
install(FILES packaging/agewise.service packaging/agewise.socket DESTINATION lib/systemd/system COMPONENT program EXCLUDE_FROM_ALL)
install(FILES README.md DESTINATION share/doc/agewise COMPONENT program EXCLUDE_FROM_ALL)
install(DIRECTORY docs DESTINATION share/doc/agewise COMPONENT program EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_BINARY_DIR}/manual/agewise.zsh DESTINATION share/zsh/vendor-completions RENAME _agewise COMPONENT program EXCLUDE_FROM_ALL)

if(AGEWISE_PYTHON)
  list(APPEND packages python3-agewise)
  set(Python_EXECUTABLE /usr/bin/python3)  # Debian's, whatever else is in the PATH
  find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
  find_package(pybind11 REQUIRED)
  file(GLOB sources CONFIGURE_DEPENDS python/*.cpp)
  pybind11_add_module(agewise_python ${sources})
  target_compile_features(agewise_python PRIVATE cxx_std_20)
  target_link_libraries(agewise_python PRIVATE agewise::agewise)
  set_target_properties(agewise_python PROPERTIES OUTPUT_NAME _core LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/python_module)
  set(modules lib/python3/dist-packages)
  install(TARGETS agewise_python DESTINATION ${modules}/agewise COMPONENT python EXCLUDE_FROM_ALL)
  install(DIRECTORY python/agewise DESTINATION ${modules} COMPONENT python EXCLUDE_FROM_ALL PATTERN __pycache__ EXCLUDE)
  # So that pip knows that it is there.
  file(CONFIGURE OUTPUT METADATA CONTENT "Metadata-Version: 2.1\nName: agewise\nVersion: ${PROJECT_VERSION}\n" @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/METADATA DESTINATION ${modules}/agewise-${PROJECT_VERSION}.dist-info COMPONENT python EXCLUDE_FROM_ALL)
endif()

# What every Debian package has: its licence, and its changes.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(CONFIGURE OUTPUT changelog CONTENT "agewise (${PROJECT_VERSION}) bookworm; urgency=medium\n\n  * Packed from the sources of this version.\n\n -- ${AGEWISE_MAINTAINER}  ${date}\n" @ONLY)
execute_process(COMMAND gzip -9nc INPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/changelog OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
set(agewise_component program)
set(libagewise0_component library)
set(libagewise-dev_component dev)
set(agewise-model-compact_component compact)
set(agewise-model-permissive_component permissive)
set(python3-agewise_component python)
foreach(package ${packages})
  set(component ${${package}_component})
  set(copyright packaging/copyright)
  if(EXISTS ${PROJECT_SOURCE_DIR}/packaging/copyright.${component})
    set(copyright packaging/copyright.${component})
  endif()
  install(FILES ${copyright} DESTINATION share/doc/${package} RENAME copyright COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz DESTINATION share/doc/${package} COMPONENT ${component} EXCLUDE_FROM_ALL)
  if(EXISTS ${PROJECT_SOURCE_DIR}/packaging/${package}.lintian)
    install(FILES packaging/${package}.lintian DESTINATION share/lintian/overrides RENAME ${package} COMPONENT ${component} EXCLUDE_FROM_ALL)
  endif()
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${package})
  list(APPEND CPACK_COMPONENTS_ALL ${component})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGE_CONTACT ${AGEWISE_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${AGEWISE_MAINTAINER})
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Which BLAS an alternative points to is the machine's; agewise needs the one that uses its own OpenMP threads.
set(CPACK_DEBIAN_PACKAGE_DEPENDS libopenblas0-openmp)
set(control ${PROJECT_SOURCE_DIR}/packaging)
set(same "(= ${PROJECT_VERSION})")

set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "agewise-model-compact, agewise-model-permissive")
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "ages of the faces in photographs: train, measure and serve
Prepares collections of photographs with known ages, trains a network on them,
measures its error, and estimates the ages of the faces in pictures, from the
command line or over HTTP, on an ordinary processor.

Models that estimate without training are in agewise-model-compact, for
non-commercial research only, and in agewise-model-permissive.")

set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA "${control}/postinst;${control}/prerm;${control}/postrm;${control}/conffiles")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SUGGESTS "agewise-model-compact, agewise-model-permissive")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_MULTIARCH same)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${control}/shlibs;${control}/triggers")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "ages of the faces in pictures: the library
Finds faces in pictures and estimates their ages, for programs in C++, C and
whatever calls C. It needs a model: a file that agewise trained, or the
package agewise-model-compact or agewise-model-permissive.")

set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libagewise0 ${same}")
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_DESCRIPTION "ages of the faces in pictures: headers for programs
The headers agewise/agewise.h (estimating, C++), agewise/training.h (preparing,
training and evaluating, C++) and agewise/agewise_c.h (estimating, C), and what
find_package(agewise) and pkg-config need.")

foreach(model COMPACT PERMISSIVE)
  set(CPACK_DEBIAN_${model}_PACKAGE_ARCHITECTURE all)
  set(CPACK_DEBIAN_${model}_PACKAGE_SHLIBDEPS OFF)
  set(CPACK_DEBIAN_${model}_PACKAGE_DEPENDS "")
  set(CPACK_DEBIAN_${model}_PACKAGE_ENHANCES "agewise, libagewise0")
endforeach()
set(CPACK_DEBIAN_COMPACT_PACKAGE_SECTION non-free/science)
set(CPACK_DEBIAN_COMPACT_DESCRIPTION "model for agewise, for non-commercial research only
A small network that estimates ages from 0 to 100 years, trained on the
pictures of UTKFace and FairFace. UTKFace is for non-commercial research only,
and so is the model. It must not decide about anybody.")
set(CPACK_DEBIAN_PERMISSIVE_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PERMISSIVE_DESCRIPTION "model for agewise, not for research only
A small network that estimates ages from 0 to 80 years, less exact than the
one in agewise-model-compact: trained on pictures of FairFace (CC BY 4.0)
alone, from weights in the public domain. It must not decide about anybody.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
if(AGEWISE_PYTHON)  # the module is for the one minor version that it was built with
  math(EXPR next_minor "${Python_VERSION_MINOR} + 1")
  set(python "python3 (>= ${Python_VERSION_MAJOR}.${Python_VERSION_MINOR}~), python3 (<< ${Python_VERSION_MAJOR}.${next_minor})")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "libagewise0 ${same}, ${python}")
endif()
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA "${control}/python/postinst;${control}/python/prerm")
set(CPACK_DEBIAN_PYTHON_DESCRIPTION "ages of the faces in pictures: the Python module
Estimates ages from paths, bytes, arrays and PIL's images, by libagewise0.")
include(CPack)
