// What PLO names by an id or a number.
#pragma once

#include "base/ids.hpp"

namespace plo {

using project_id = typed_id<struct project_id_tag>;
using event_id = typed_id<struct event_id_tag>;
using order_id = typed_id<struct order_id_tag>;
using dead_letter_id = typed_id<struct dead_letter_id_tag>;
using anomaly_id = typed_id<struct anomaly_id_tag>;
using user_id = typed_id<struct user_id_tag>;
using notification_id = typed_id<struct notification_id_tag>;

/// Place of an event in the log, over all streams. 0 is "before the first".
using position = ordinal<struct position_tag>;

/// Place of an event in its stream. 0 is "the stream does not exist".
using stream_version = ordinal<struct stream_version_tag>;

}  // namespace plo
