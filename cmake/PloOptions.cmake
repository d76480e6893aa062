# Compiler options every target of the project shares.
add_library(plo_options INTERFACE)
target_include_directories(plo_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_features(plo_options INTERFACE cxx_std_20)
target_compile_options(plo_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion
  -Wno-sign-conversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives of these in inlined std::string and std::optional code.
  target_compile_options(plo_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized
    -Wno-stringop-overflow -Wno-array-bounds -Wno-dangling-reference)
endif()
# Line numbers in a backtrace are worth their time; full debug information doubles the build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(plo_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()

set(PLO_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize=")
option(PLO_FUZZ "Build the libFuzzer targets (clang only)" OFF)
if(PLO_SANITIZE)
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
  add_compile_options(-fsanitize=${PLO_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PLO_SANITIZE})
  if(PLO_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(PLO_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not understand stand-alone fences; Asio's come on top of its mutexes.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(PLO_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -O1)
  add_link_options(-fsanitize=address,undefined)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# plo_library(NAME SOURCES … [PUBLIC libs…] [PRIVATE libs…] [PCH headers…])
# One static library per folder; what it links is what it may include.
function(plo_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE;PCH" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC plo_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(ARG_PCH)
    target_precompile_headers(${name} PRIVATE ${ARG_PCH})
  endif()
endfunction()
