"""The faults of fault_shim.c, as a test sets them."""
import mmap
import os
import struct

UNLIMITED = -1
_ROOM, _SYNC_FAILS, _CLOCK_AHEAD, _REFUSED_WRITES, _REFUSED_SYNCS = range(5)


class Faults:
    """Of one process, on the files under `folder`."""

    def __init__(self, file, folder):
        self.file, self.folder = file, folder
        file.write_bytes(struct.pack("<5q", UNLIMITED, 0, 0, 0, 0))
        self.opened = open(file, "r+b")
        self.shared = mmap.mmap(self.opened.fileno(), 40)

    def environment(self):
        """To start the process with. AddressSanitizer wants to be first, and need not be."""
        return {**os.environ, "LD_PRELOAD": os.environ["PLO_FAULT_SHIM"], "PLO_FAULTS": str(self.file), "PLO_FAULT_DIR": str(self.folder),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def _set(self, field, value):
        self.shared[field * 8:field * 8 + 8] = struct.pack("<q", value)

    def _get(self, field):
        return struct.unpack("<q", self.shared[field * 8:field * 8 + 8])[0]

    def leave_room(self, size):
        self._set(_ROOM, size)

    def fail_syncs(self, yes):
        self._set(_SYNC_FAILS, int(yes))

    def set_clock_ahead(self, seconds):
        self._set(_CLOCK_AHEAD, int(seconds * 1e9))

    @property
    def refused_writes(self):
        return self._get(_REFUSED_WRITES)

    @property
    def refused_syncs(self):
        return self._get(_REFUSED_SYNCS)
