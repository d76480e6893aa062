# plo_embed(TARGET NAME FILE)
# Compiles a text file into TARGET as `plo::config::embedded::NAME`, a `const std::string_view` (declared in
# config/embedded.hpp), and again whenever the file changes.
#
# The generated source is written by this same file, run as a script.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(PLO_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

  function(plo_embed target name file)
    get_filename_component(file "${file}" ABSOLUTE)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.cpp")
    add_custom_command(
      OUTPUT "${source}"
      COMMAND "${CMAKE_COMMAND}" "-DNAME=${name}" "-DFILE=${file}" "-DSOURCE=${source}" -P "${PLO_EMBED_SCRIPT}"
      DEPENDS "${file}" "${PLO_EMBED_SCRIPT}"
      COMMENT "Embedding ${name}"
      VERBATIM)
    target_sources(${target} PRIVATE "${source}")
    # The precompiled header would cost more than the one that the file includes; clang counts the characters of the literal.
    set_source_files_properties("${source}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS -Wno-overlength-strings)
  endfunction()
  return()
endif()

# Every byte as an escape: whatever the file holds, no quoting or encoding can change it.
file(READ "${FILE}" bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
set(literal "")
set(at 0)
set(chunk 8192)
while(at LESS digits)
  string(SUBSTRING "${bytes}" ${at} ${chunk} part)
  string(REGEX REPLACE "(..)" "\\\\x\\1" part "${part}")
  string(APPEND literal "\n    \"${part}\"")
  math(EXPR at "${at} + ${chunk}")
endwhile()
file(WRITE "${SOURCE}" "#include <string_view>

namespace plo::config::embedded {

extern const std::string_view ${NAME};
constinit const std::string_view ${NAME}(${literal}
    \"\", ${size});

}
")
