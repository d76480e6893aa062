// libFuzzer: one body as a source might post it.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/check_ingest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plo::fuzz::check_ingest({reinterpret_cast<const char*>(data), size});
  return 0;
}
