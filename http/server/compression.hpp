// Answers packed by gzip, for those who ask.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace plo::http {

/// Whether a client takes gzip: by its name or by `*`, unless with a quality of 0.
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding);

/// Whether an answer gets enough smaller to be worth it.
[[nodiscard]] bool is_worth_packing(std::string_view content_type, std::size_t bytes);

/// Packs a text piece by piece: what has been added can be unpacked at once.
class gzip_stream {
public:
  gzip_stream();  // throws std::bad_alloc
  ~gzip_stream();
  gzip_stream(const gzip_stream&) = delete;
  gzip_stream& operator=(const gzip_stream&) = delete;

  /// The packed form of the next pieces. `last`: and the end of it.
  [[nodiscard]] std::string add(std::span<const std::string_view> pieces, bool last);

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace plo::http
