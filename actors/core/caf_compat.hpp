// The one place that knows which CAF this is (0.17). Nothing outside actors/ includes CAF.
#pragma once

#include <caf/all.hpp>

/// Lets a plain struct travel between actors of this process. Messages are never serialised: what leaves the process is an event.
#define PLO_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)
