# Every library that agewise links (docs/architecture.md says what each is for), found once, under one target name each.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(Protobuf REQUIRED)
if(AGEWISE_TESTS)
  find_package(GTest REQUIRED)
endif()

# The OpenMP build of OpenBLAS by its own path: the pthread build, if also installed, fights oneDNN's threads.
find_library(OPENBLAS_OPENMP NAMES openblas PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp NO_DEFAULT_PATH REQUIRED)
find_path(OPENBLAS_INCLUDE NAMES cblas.h PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp NO_DEFAULT_PATH REQUIRED)
add_library(openblas_openmp INTERFACE)
target_link_libraries(openblas_openmp INTERFACE ${OPENBLAS_OPENMP})
target_include_directories(openblas_openmp SYSTEM INTERFACE ${OPENBLAS_INCLUDE})

# Debian's package file of oneDNN asks for OpenCL, which the CPU engine has no use for: the library by its name.
find_library(DNNL_LIBRARY NAMES dnnl REQUIRED)
find_path(DNNL_INCLUDE NAMES oneapi/dnnl/dnnl.hpp REQUIRED)
add_library(onednn INTERFACE)
target_link_libraries(onednn INTERFACE ${DNNL_LIBRARY})
target_include_directories(onednn SYSTEM INTERFACE ${DNNL_INCLUDE})

foreach(lib zlib libarchive libjpeg libpng libwebp libwebpdemux libexif libtiff-4 lcms2 stb sqlite3 libhwy lapacke tomlplusplus libutf8proc libxxhash)
  pkg_check_modules(${lib} REQUIRED IMPORTED_TARGET ${lib})
endforeach()
if(AGEWISE_HEIF)
  pkg_check_modules(libheif REQUIRED IMPORTED_TARGET libheif)
endif()
if(AGEWISE_TESTS)
  pkg_check_modules(gnutls REQUIRED IMPORTED_TARGET gnutls)
  pkg_check_modules(matio REQUIRED IMPORTED_TARGET matio)
endif()
find_library(GIF_LIBRARY NAMES gif REQUIRED)
add_library(giflib INTERFACE)
target_link_libraries(giflib INTERFACE ${GIF_LIBRARY})
find_library(CSV_LIBRARY NAMES csv REQUIRED)
add_library(libcsv INTERFACE)
target_link_libraries(libcsv INTERFACE ${CSV_LIBRARY})

# dlib's face detector: of the static library only what that needs. The shared one would bring BLAS and LAPACK of its own
# choice, the pthread build of OpenBLAS among them; the little that dlib asks of them, ours has. Pictures are not read by
# dlib, whose headers would have them through libpng and libjpeg.
find_library(DLIB_LIBRARY NAMES libdlib.a REQUIRED)
find_path(DLIB_INCLUDE NAMES dlib/image_processing/frontal_face_detector.h REQUIRED)
add_library(dlib INTERFACE)
target_link_libraries(dlib INTERFACE ${DLIB_LIBRARY} openblas_openmp Threads::Threads)
target_include_directories(dlib SYSTEM INTERFACE ${DLIB_INCLUDE})

# What the program needs beyond the library.
if(PROJECT_IS_TOP_LEVEL)
  find_package(CLI11 REQUIRED)
  foreach(lib cairo openssl RapidJSON)
    pkg_check_modules(${lib} REQUIRED IMPORTED_TARGET ${lib})
  endforeach()
  # Headers alone. Asio's coroutines are not used, and those of 1.74 do not compile with every compiler's C++20.
  find_path(BOOST_INCLUDE NAMES boost/beast/http/basic_parser.hpp REQUIRED)
  add_library(boost INTERFACE)
  target_include_directories(boost SYSTEM INTERFACE ${BOOST_INCLUDE})
  target_compile_definitions(boost INTERFACE BOOST_ASIO_DISABLE_CO_AWAIT BOOST_ASIO_NO_DEPRECATED BOOST_ERROR_CODE_HEADER_ONLY)
  target_link_libraries(boost INTERFACE Threads::Threads)
  # Debian's libjs-chart.js, embedded into report.html.
  find_file(CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js NO_DEFAULT_PATH REQUIRED)
  # Only for agewise-mpi, and only its C interface.
  set(MPI_CXX_SKIP_MPICXX ON)
  find_package(MPI QUIET COMPONENTS CXX)
  if(NOT MPI_CXX_FOUND)
    message(STATUS "No MPI: agewise-mpi, which trains on several machines, is left out (Debian: libopenmpi-dev openmpi-bin)")
  endif()
endif()
