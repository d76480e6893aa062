#include "http/server/compression.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <new>

#include <zlib.h>

#include "http/server/router.hpp"

namespace plo::http {

namespace {

constexpr std::size_t least_bytes = 1024;
constexpr int quickest = 1;             // most of what there is to gain, at ten times the speed of the best
constexpr int gzip_window = 15 + 16;    // zlib's way of asking for gzip's header and trailer

/// The quality in `gzip;q=0.5`; 1 where none is given, 0 where it is none.
double quality_of(std::string_view parameters) {
  const auto at = parameters.find("q=");
  if (at == std::string_view::npos) return 1;
  double quality = 0;
  const auto text = trimmed(parameters.substr(at + 2));
  std::from_chars(text.data(), text.data() + text.size(), quality);
  return quality;
}

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
  double gzip = -1, any = -1;
  while (!accept_encoding.empty()) {
    const auto part = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(part.size() + 1, accept_encoding.size()));
    const auto semicolon = std::min(part.find(';'), part.size());
    const auto name = trimmed(part.substr(0, semicolon));
    const auto quality = quality_of(part.substr(semicolon));
    if (same_ignoring_case(name, "gzip") || same_ignoring_case(name, "x-gzip")) gzip = quality;
    else if (name == "*") any = quality;
  }
  return gzip >= 0 ? gzip > 0 : any > 0;
}

bool is_worth_packing(std::string_view content_type, std::size_t bytes) {
  // Everything that the server says is text.
  return bytes >= least_bytes && !content_type.starts_with("text/event-stream");
}

struct gzip_stream::state {
  z_stream z{};
};

gzip_stream::gzip_stream() : state_(std::make_unique<state>()) {
  if (::deflateInit2(&state_->z, quickest, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
}

gzip_stream::~gzip_stream() { ::deflateEnd(&state_->z); }

std::string gzip_stream::add(std::span<const std::string_view> pieces, bool last) {
  std::string packed;
  std::array<char, 32 * 1024> out;
  auto& z = state_->z;
  const auto run = [&](int flush) {
    do {
      z.next_out = reinterpret_cast<Bytef*>(out.data());
      z.avail_out = static_cast<uInt>(out.size());
      ::deflate(&z, flush);
      packed.append(out.data(), out.size() - z.avail_out);
    } while (z.avail_out == 0);
  };
  for (auto piece : pieces) {
    while (!piece.empty()) {
      const auto taken = piece.substr(0, std::numeric_limits<uInt>::max() / 2);
      z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(taken.data()));
      z.avail_in = static_cast<uInt>(taken.size());
      run(Z_NO_FLUSH);
      piece.remove_prefix(taken.size());
    }
  }
  run(last ? Z_FINISH : Z_SYNC_FLUSH);
  return packed;
}

}  // namespace plo::http
