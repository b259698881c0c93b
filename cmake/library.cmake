# The library for other programs, agewise::agewise in a build and where it is installed (docs/library.md): shared,
# libagewise.so.0 with the names of agewise/library/symbols.map alone, or static with AGEWISE_SHARED=OFF.
option(AGEWISE_SHARED "The library for other programs is shared" ON)
include(CMakePackageConfigHelpers)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)  # OpenBLAS of the OpenMP build lies in a folder of its own

list(TRANSFORM AGEWISE_LIBRARY_ROOMS PREPEND agewise_ OUTPUT_VARIABLE rooms)
set(version_script ${PROJECT_SOURCE_DIR}/agewise/library/symbols.map)
if(AGEWISE_SHARED)
  add_library(agewise_api SHARED $<TARGET_OBJECTS:agewise_library> agewise/library/no_hog.cpp)
  target_link_libraries(agewise_api PRIVATE ${rooms} agewise_warnings)
  target_link_options(agewise_api PRIVATE -Wl,--version-script=${version_script} -Wl,--as-needed)
  set_target_properties(agewise_api PROPERTIES LINK_DEPENDS ${version_script})
else()
  # One archive of all rooms; what they link is told to those who link it.
  list(TRANSFORM rooms REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  list(APPEND objects $<TARGET_OBJECTS:agewise_weight_formats>)
  add_library(agewise_api STATIC ${objects})
  # Static ones first: what they need follows. The same for CMake's users and pkg-config's.
  set(AGEWISE_LINKS ${DLIB_LIBRARY} -lSQLiteCpp -lcsv -lgif -ldnnl ${OPENBLAS_OPENMP} -lprotobuf-lite -lfmt)
  foreach(lib libarchive libjpeg libpng libwebp libwebpdemux libheif libexif libtiff-4 lcms2 libhwy lapacke libxxhash libutf8proc sqlite3 tomlplusplus zlib)
    list(TRANSFORM ${lib}_LIBRARIES PREPEND -l OUTPUT_VARIABLE links)
    list(APPEND AGEWISE_LINKS ${links})
  endforeach()
  list(REMOVE_DUPLICATES AGEWISE_LINKS)
  list(APPEND AGEWISE_LINKS -lgomp -lstdc++ -ldl -lpthread -lm)
  target_link_libraries(agewise_api INTERFACE ${AGEWISE_LINKS})
  list(JOIN AGEWISE_LINKS " " AGEWISE_LINKS)
endif()
add_library(agewise::agewise ALIAS agewise_api)
target_compile_features(agewise_api INTERFACE cxx_std_20)
target_include_directories(agewise_api INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(agewise_api PROPERTIES OUTPUT_NAME agewise EXPORT_NAME agewise VERSION ${PROJECT_VERSION} SOVERSION 0
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
# Where the library and the program look for the models first.
foreach(model compact permissive)
  configure_file(${PROJECT_SOURCE_DIR}/models/${model}.safetensors ${PROJECT_BINARY_DIR}/models/${model}.safetensors COPYONLY)
  install(FILES ${PROJECT_SOURCE_DIR}/models/${model}.safetensors ${PROJECT_SOURCE_DIR}/models/${model}-notes.txt DESTINATION ${CMAKE_INSTALL_DATADIR}/agewise/models COMPONENT ${model})
endforeach()

# Below the prefix, wherever it is moved to: all is found from where the program or the library lies.
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/agewise)
install(TARGETS agewise_api EXPORT agewise LIBRARY COMPONENT library NAMELINK_COMPONENT dev)
install(EXPORT agewise FILE agewiseTargets.cmake NAMESPACE agewise:: DESTINATION ${package})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/agewise TYPE INCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/agewise COMPONENT program)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE TYPE DOC COMPONENT license)
file(CONFIGURE OUTPUT agewiseConfig.cmake CONTENT "include(\${CMAKE_CURRENT_LIST_DIR}/agewiseTargets.cmake)\n" @ONLY)
write_basic_package_version_file(agewiseConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/agewiseConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/agewiseConfigVersion.cmake DESTINATION ${package})
file(RELATIVE_PATH AGEWISE_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/agewise.pc.in agewise.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/agewise.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
