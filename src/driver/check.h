// What `tpuc check` and tpuc.h's check() tell: node by node, whether the front end takes it and in which precisions the
// chip runs what became of it.
#pragma once

#include <string>

#include "driver/model.h"
#include "driver/precision_table.h"
#include "tpuc/backend/backend.h"

namespace tpuc {

// Throws UserError only where the file cannot be read as a model at all.
// `table` is --precision-table's: what it says of single layers holds in each of the precisions asked about.
CheckReport check_model(const ModelRequest& request, const PrecisionTable& table, const Backend& backend);
// A line per node, then a summary. `only_problems` leaves the good nodes out.
std::string to_text(const CheckReport& report, bool only_problems);

}  // namespace tpuc
