// Lists as CSV (RFC 4180), some rows at a time: all rows of one moment, in the order of the list.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "projections/project/anomalies.hpp"
#include "projections/project/projects.hpp"

namespace plo::projections {

class csv_export {
public:
  virtual ~csv_export() = default;
  /// The next rows, the header first; empty at the end.
  [[nodiscard]] virtual std::string next() = 0;
  /// The position that the rows are as of.
  [[nodiscard]] virtual position as_of() const = 0;
};

/// Page and cursor of the queries are not looked at. The rows stay as they are now for as long as the export lives; in memory it keeps
/// 24 bytes a row.
[[nodiscard]] std::unique_ptr<csv_export> export_projects(reading& views, const project_query& query);
[[nodiscard]] std::unique_ptr<csv_export> export_anomalies(reading& views, const anomaly_query& query);

/// A text as a cell: quoted where it must be; what a spreadsheet would take for a formula begins with an apostrophe.
void append_csv_text(std::string& line, std::string_view text);

}  // namespace plo::projections
