// libFuzzer: a batch of bodies, one a line, decided on by one project.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/check_ingest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plo::fuzz::check_decide({reinterpret_cast<const char*>(data), size});
  return 0;
}
