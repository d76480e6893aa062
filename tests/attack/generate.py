#!/usr/bin/python3
"""Makes up hostile requests and events from a grammar, and holds the real binary against what must be true of every answer.

    PLO_BINARY=… tests/attack/generate.py --seed N --seconds S     prints counts by status; 1 and the input when something is wrong
    PLO_BINARY=… tests/attack/generate.py --replay FILE            sends the input that a run has kept, shows what comes back

Requests are kept as bytes in which {{SESSION}}, {{PROJECT}} and the like stand for what only a running server knows.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
from attack import MB, SLACK, Exchange, Watched, connect, report, split_answers  # noqa: E402
from described import DOCUMENT  # noqa: E402: attack knows where it is
from harness import SOURCES, config_text  # noqa: E402

ANSWER_S = 5 * SLACK
EARLY = 64 * 1024  # what is longer may be refused before it was sent, and the answer be lost
MEMORY_MB = 900 * SLACK
CONFIG = config_text(extra='[notifications.recipients]\ncoordinator = ["coordinators@example.org"]\n')
NOBODY = "00000000-0000-7000-8000-000000000000"


class Raw(str):
    """JSON text that goes in as it is."""


class Pairs(list):
    """An object whose keys may repeat."""


def dump(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        value = Pairs(value.items())
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(key)}:{dump(each)}" for key, each in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value)


# The catalogue: what each kind of event says, and of which kind it is.

LINE = {"line_id": "ref", "sku": "text", "label": "text", "qty": "number", "unit_price": "number", "warehouse": "text", "main": "bool",
        "installation_required": "bool", "available_qty": "number", "catalog_status": "status", "replacement_sku": "text", "*": "any"}
SLOT = {"start": "clock", "end": "clock"}
ADDRESS = {"country": "country", "country_code": "country", "postal_code": "text", "city": "text", "*": "any"}
FAMILIES = {
    "project": ("created closed closed_with_issue reopened", {"customer_id": "customer", "project_type": "text", "channel_origin": "text", "store_id": "text",
                "installation_required": "bool", "promised_installation_date": "day", "customer_name": "text", "customer_email": "text", "metadata": "any"}),
    "inspiration": ("started completed converted", {"*": "any", "x": "any", "rows": [["number"]]}),
    "quote_products": ("created sent accepted expired", {"quote_id": "ref", "valid_until": "day", "lines": [LINE]}),
    "quote_installation": ("created sent accepted", {"quote_id": "ref"}),
    "order": ("confirmed line_added line_replaced cancelled", {"order_ref": "order", "customer_id": "customer", "lines": [LINE], "delivery_address": ADDRESS,
              "installation_address": ADDRESS, "installation_required": "bool", "lead_time_days": "number", "promised_delivery_date": "day",
              "promised_installation_date": "day", "sku": "text", "replacement_sku": "text", "customer_validated": "bool", "line_id": "ref", "qty": "number"}),
    "stock": ("check_ok shortage partial", {"order_ref": "order", "skus": ["text"], "lines": [LINE]}),
    "picking": ("started completed discrepancy", {"order_ref": "order", "lines": [LINE]}),
    "shipment": ("dispatched in_transit eta_updated arrived_at_station exception", {"shipment_id": "ref", "order_ref": "order", "leg_number": "number",
                 "last_leg": "bool", "origin_type": "text", "origin_ref": "text", "destination_station_id": "ref", "carrier": "text",
                 "carrier_tracking_ref": "text", "estimated_arrival": "moment", "actual_arrival": "moment"}),
    "consolidation": ("order_arrived eta_updated complete partial_approved exception", {"consolidation_id": "ref", "station_id": "ref", "station_name": "text",
                      "order_ref": "order", "estimated_complete_date": "day", "customer": "bool", "installer": "bool"}),
    "lastmile": ("scheduled rescheduled in_transit delivered partial_delivered failed damaged", {"lastmile_id": "ref", "carrier": "text", "scheduled_date": "day",
                 "time_slot": SLOT, "is_partial": "bool", "missing_order_ids": ["order"], "pod_url": "text", "reason": "text"}),
    "delivery": ("scheduled completed partial", {"lastmile_id": "ref", "scheduled_date": "day", "time_slot": SLOT, "missing_order_ids": ["order"]}),
    "installation": ("scheduled rescheduled cancelled started completed issue partial report_submitted closed", {"installation_id": "ref", "installer_id": "text",
                     "technician_id": "text", "trained_for": ["text"], "scheduled_start": "moment", "scheduled_end": "moment", "severity": "text",
                     "missing_products": ["any"], "customer_signature": {"signed": "bool", "reason": "text"}}),
    "quality": ("survey_sent survey_completed issue_raised", {"score": "number", "scale": "number"}),
    "weather": ("report", {"*": "any", "rows": [["number"]]}),
}
TYPES = [(f"{family}.{name}", fields) for family, (names, fields) in FAMILIES.items() for name in names.split()]

PLAIN = {"text": ["A", "blocking", "sku-1", "Zoë", "FR-LYON"], "ref": ["r1", "r2", "r3"], "order": ["o1", "o2", "o3"], "customer": ["c1", "c2"],
         "day": ["2026-12-01", "2025-06-15", "2027-02-28"], "moment": ["2026-12-01T08:00:00Z", "2025-06-15T14:32:00+02:00", "2026-12-24"],
         "clock": ["08:00", "22:00", "01:00"], "bool": [True, False], "number": [1, 2.5, 0, 10], "country": ["FR", "fr", "Spain"],
         "status": ["available", "discontinued"], "any": [None, 1, "x", [1], {"a": 1}]}
TEXTS = ["", " ", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\u202e", "\U0010ffff", "é" * 128, "é" * 129, "x" * 256, "x" * 257, "x" * 1024, "x" * 1025,
         "x" * 65536, "x" * 65537, "x" * 300_000, "a/b", "../..", "a\x00b", "=1+1", "x;=1", "'; DROP", "<script>", "{{x}}", "%s%n", "\\", '"', "null", "\r\nBcc: x",
         "e\u0301", "A" * 10, "-1", "1e3", "{{PROJECT}}"]
DAYS = ["0001-01-01", "0000-01-01", "1582-10-10", "1969-12-31", "1970-01-01", "1970-01-02", "9999-12-31", "9999-12-30", "10000-01-01", "2025-02-29", "2024-02-29",
        "2026-13-01", "2026-12-00", "26-12-01", "2026-3-1", "2026-03-29", "2026-10-25", "-001-01-01", "2026-12-01T", "20261201"]
MOMENTS = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999Z",
           "9999-12-31T23:59:59-23:59", "2016-12-31T23:59:60Z", "2026-03-29T02:30:00+01:00", "2026-12-01T24:00:00Z", "2026-12-01t08:00:00z", "2026-12-01 08:00:00Z",
           "2026-12-01T08:00:00.123456789123Z", "2026-12-01T08:00:00", "2026-12-01T08:00:00+99:99", "2099-01-01T00:00:00Z"]
NUMBERS = [Raw(text) for text in ("-1", "0", "-0", "-0.0", "1e308", "1e309", "-1e400", "5e-324", "1e-400", "9007199254740993", "9223372036854775808",
                                  "-9223372036854775809",
                                  "18446744073709551616", "1" * 29, "1" * 400, "0.1", "1E5", "2147483648", "0.30000000000000004", "01", "1.", ".5", "+1", "NaN", "Infinity")]
CLOCKS = ["24:00", "25:00", "08:60", "8:00", "08:00:00", "-1:00", "02:30", "00:00", "23:59", ""]
ODD = [None, True, [], {}, [[]], [{}], "", 5, Raw('"\\ud800"'), Raw('"\\udc00\\ud800"'), Raw('"\\u0000"'), Raw('{"a":1,"a":2}'), Raw("[1,]"), Raw("{"), Raw("tru")]
BROKEN = (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x00", b"\\ud800", b"{", b"}", b'"', b",", b"1e999", b"\n", b"\r", b"null", b"\xe2\x82")


class Grammar:
    def __init__(self, seed):
        self.rng = random.Random(seed)

    def chance(self, share):
        return self.rng.random() < share

    def deep(self):
        depth = self.rng.choice([5, 20, 50, 55, 58, 59, 60, 61, 62, 63, 64, 65, 200, 5000])
        return Raw('{"a":' * depth + "1" + "}" * depth if self.chance(0.6) else "[" * depth + "]" * depth)

    def value(self, kind, hostile):
        """Of a kind, or when it is hostile often of another."""
        if isinstance(kind, dict):
            return self.object(kind, hostile)
        if isinstance(kind, list):
            count = self.rng.choice([0, 1, 2, 3]) if not self.chance(hostile * 0.1) else self.rng.choice([100, 1999, 2000, 2001, 5000])
            # Long lists of long texts would be all that a run does.
            return [self.value(kind[0], 0)] * count if count > 3 else [self.value(kind[0], hostile) for _ in range(count)]
        if not self.chance(hostile):
            return self.rng.choice(PLAIN[kind])
        if self.chance(0.3):
            return self.rng.choice([self.rng.choice(ODD), self.deep(), self.rng.choice(NUMBERS), self.rng.choice(TEXTS)])
        return self.rng.choice({"day": DAYS, "moment": MOMENTS + DAYS, "number": NUMBERS, "clock": CLOCKS, "bool": ODD}.get(kind, TEXTS))

    def object(self, fields, hostile):
        made = Pairs()
        for name, kind in fields.items():
            if self.chance(0.6):
                made.append((name if name != "*" else self.rng.choice(["x", "note", "", "a.b", "\x00", "é"]), self.value(kind, hostile)))
        if made and self.chance(hostile * 0.1):
            made.append(self.rng.choice(made))
        return made

    def event(self):
        """(source, JSON text) of one event."""
        hostile = self.rng.choice([0, 0, 0.05, 0.2, 0.6])
        event_type, fields = self.rng.choice(TYPES)
        source = self.rng.choice(SOURCES)
        ref = f"G{self.rng.randrange(40)}"
        if event_type != "project.created" and self.chance(0.5):
            # The bigger projects of a run: all orders, shipments and tours of few.
            ref = "G0"
        body = Pairs([("source", source), ("source_ref", f"g-{self.rng.randrange(10**12)}"), ("event_type", event_type), ("project_ref", ref),
                      ("occurred_at", self.rng.choice(["2026-11-01T08:00:00Z", "2026-11-01T08:00:00Z",
                                                       f"2026-11-{self.rng.randrange(1, 27):02}T0{self.rng.randrange(10)}:00:00Z"])),
                      ("payload", self.object(fields, hostile))])
        if self.chance(hostile * 0.5):
            place = self.rng.randrange(len(body))
            name = body[place][0]
            body[place] = (name, self.rng.choice([*ODD, *MOMENTS, *TEXTS, "nosuch.type", "order.confirmed ", "Order.Confirmed", "erp", self.deep()]))
            change = self.rng.randrange(5)
            if change == 0:
                del body[place]
            elif change == 1:
                body.append((name, 1))
            elif change == 2:
                body.append((self.rng.choice(["project_id", "order_ref", "correlation_id", "comment", "unknown"]), self.rng.choice([NOBODY,
                                                                                                                                    "{{PROJECT}}", *TEXTS, *ODD])))
        return source, dump(body).encode("utf-8", "surrogatepass")

    def damage(self, data, share):
        """Bytes changed here and there."""
        if not data or not self.chance(share):
            return data
        made = bytearray(data)
        for _ in range(self.rng.randrange(1, 4)):
            place = self.rng.randrange(len(made)) if made else 0
            action = self.rng.randrange(3)
            if action == 0 and made:
                made[place] = self.rng.randrange(256)
            elif action == 1:
                del made[place:place + self.rng.randrange(1, 20)]
            else:
                made[place:place] = self.rng.choice(BROKEN)
        return bytes(made)

    # Requests: (method, target, header lines, body).

    def ingest(self):
        source, body = self.event()
        return "POST", "/api/events/ingest", [f"Authorization: Bearer dev-{source}", "Content-Type: application/json"], self.damage(body, 0.1)

    def batch(self):
        source = self.rng.choice(SOURCES)
        if self.chance(0.03):
            line = self.rng.choice([b"{}", b"", b"x", b"[]", b'"', b'{"source":"erp"}', self.event()[1][:200]])
            lines = [line] * self.rng.choice([9_999, 10_000, 10_001, 50_000])
        else:
            lines = [self.event()[1].replace(b'"source":"', b'"source":"' + source.encode() + b'","x":"', 1) if self.chance(0.05) else self.event()[1]
                     for _ in range(self.rng.randrange(1, 12))]
        end = self.rng.choice([b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\x00"])
        return "POST", "/api/events/ingest/batch", [f"Authorization: Bearer dev-{source}", "Content-Type: application/x-ndjson"], self.damage(end.join(lines), 0.1)

    def expression(self, depth):
        """JsonLogic, of which some is none."""
        if depth <= 0 or self.chance(0.25):
            return self.rng.choice([1, 0, -1, "x", "", None, True, [], {"var": "event.payload"}, {"var": "event.payload.rows"},
                                    {"var": "order.lines"}, {"var": "project"},
                                    {"var": ""}, {"var": "now"}, {"var": "params.x"}, {"var": ["a.b", 1]}, {"var": "accumulator"}, {"var": "current"}, 1e308])
        operator = self.rng.choice(["==", "===", "!=", "!==", "!", "!!", "or", "and", "if", "?:", "<", "<=", ">", ">=", "+", "-", "*", "/", "%",
                                    "min", "max", "cat", "substr",
                                    "in", "merge", "map", "filter", "reduce", "all", "some", "none", "missing", "missing_some", "log", "time", "date", "duration",
                                    "business_days", "nosuch"])
        if operator == "!" and self.chance(0.3):
            inner = {"var": "event.payload.x"}
            for _ in range(self.rng.randrange(20, 40)):
                inner = {"!": [inner]}
            return inner
        return {operator: [self.expression(depth - 1) for _ in range(self.rng.randrange(0, 4))]}

    def rule(self):
        return {"id": f"G-{self.rng.randrange(30)}", "name": self.rng.choice(["R", "é", "x" * 300]), "scope": self.rng.choice(["project", "order",
                                                                                                                               "lastmile", "installation"]),
                "severity": self.rng.choice(["warning", "critical"]), "on": ["inspiration.started"], "when": self.expression(self.rng.randrange(1, 7)), "actions": []}

    def of_schema(self, schema, hostile, depth=0):
        """Something that the schema describes, or when it is hostile often not."""
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if self.chance(hostile):
            return self.rng.choice([*ODD, *TEXTS, *DAYS, *NUMBERS, self.deep()])
        for each in ("oneOf", "anyOf", "allOf"):
            if each in schema:
                return self.of_schema(self.rng.choice(schema[each]), hostile, depth)
        if "enum" in schema:
            return self.rng.choice(schema["enum"])
        kind = schema.get("type", "object")
        kind = self.rng.choice(kind) if isinstance(kind, list) else kind
        if schema.get("description") == "A rule's definition":
            return self.rule()
        if kind == "object":
            return Pairs((name, self.of_schema(each, hostile, depth + 1)) for name, each in schema.get("properties", {}).items()
                         if name in schema.get("required", ()) or self.chance(0.4))
        if kind == "array":
            return [self.of_schema(schema.get("items", {}), hostile, depth + 1) for _ in range(self.rng.randrange(3))] if depth < 5 else []
        if kind == "string":
            return self.rng.choice({"date": PLAIN["day"], "date-time": PLAIN["moment"], "uuid": ["{{PROJECT}}", NOBODY]}.get(schema.get("format"),
                                                                                                                             ["x", "c1", "o1",
                                                                                                                              "long enough text", f"k{self.rng.randrange(99)}"]))
        return {"integer": 5, "number": 1.5, "boolean": True, "null": None}.get(kind)

    def route(self):
        """A route of the API with its parameters and body."""
        path, method, operation = self.rng.choice(ROUTES)
        hostile = self.rng.choice([0, 0.05, 0.3])
        target = re.sub(r"{(\w+)}", lambda name: self.place(name[1], path, hostile), path)
        given = []
        for parameter in operation.get("parameters", []):
            if parameter.get("in") == "query" and self.chance(0.3):
                given.append(f"{parameter['name']}={self.parameter(parameter['name'], hostile)}")
        if self.chance(0.1):
            given.append(self.rng.choice(["at_least=1", "at_least=99999999999999999999", "nonsense=1", "limit=0", "limit=-1", "", "&&", "=", "%",
                                          "a=%ff", "limit=1&limit=2"]))
        target += "?" + "&".join(given) if given else ""
        lines, body = ["Authorization: Bearer {{SESSION}}"], b""
        if "requestBody" in operation:
            [(media_type, content)] = list(operation["requestBody"]["content"].items())[:1]
            body = self.damage(dump(self.of_schema(content["schema"], hostile)).encode("utf-8", "surrogatepass"), hostile * 0.3)
            lines.append(f"Content-Type: {media_type}")
        if method != "get" and self.chance(0.3):
            lines.append("Idempotency-Key: " + self.rng.choice(["k1", "k2", "\xff", "é", "x" * 128, "x" * 129, "a b", "", "\x01", "!~"]))
        return method.upper(), target, lines, body

    def place(self, name, path, hostile):
        if self.chance(hostile):
            return self.rng.choice(["%ff", "%00", "..", "x" * 300, "%2f", NOBODY, "a%20b", "{}", "%e2%80%a8", "*", "'", "-1"])
        if name == "step_type":
            return self.rng.choice(["inspiration", "order_confirmed", "project_closed", "nosuch"])
        kind = path.split("/")[2]
        return {"projects": "{{PROJECT}}", "anomalies": "{{ANOMALY}}", "dead-letters": "{{LETTER}}", "rules": self.rng.choice(["ANO-01", "ANO-25", "G-1", "G-2"]),
                "customers": self.rng.choice(["c1", "c2"]), "notifications": "{{NOTIFICATION}}"}.get(kind, NOBODY)

    def parameter(self, name, hostile):
        if self.chance(hostile):
            return self.rng.choice(["", "%ff", "%00", "x" * 500, "-1", "99999999999999999999", "1e3", "%", "%2b", "a+b", "'", "0001-01-01T00:00:00Z",
                                    "9999-12-31T23:59:59%2B14:00", "\u00e9"])
        return {"limit": "5", "from": "2025-01-01T00:00:00Z" if self.chance(0.9) else "1", "to": "2027-01-01T00:00:00+02:00",
                "at": "2099-01-01T00:00:00Z", "at_least": "1",
                "cursor": "x", "sort": self.rng.choice(["created_at", "-severity", "updated_at"]), "q": self.rng.choice(["G1", "Zo%C3%AB", "x"]), "status": "open",
                "severity": "critical", "days": "3"}.get(name, "x")

    def odd_http(self):
        """The bytes of something that is HTTP in parts only."""
        method, target, lines, body = self.rng.choice([self.ingest, self.route, self.batch])()
        body = body[:20_000]
        rng = self.rng
        method = rng.choice([method, method, method, "GET", "get", "BREW", "", "PO ST", "HEAD", "OPTIONS", "CONNECT", "TRACE"])
        target = rng.choice([target, target, target, "http://plo" + target, "*", "", "//x", target + "#f", "/" + "a" * rng.choice([100, 20_000,
                                                                                                                                   70_000]), "/%ff", target + "\x00"])
        version = rng.choice(["HTTP/1.1"] * 6 + ["HTTP/1.0", "HTTP/2.0", "HTTP/1.1 ", "http/1.1", "", "HTTP/1.11"])
        lines = [*lines, *rng.choice([["Host: plo"]] * 6 + [[], ["Host: a", "Host: b"], ["Host:"]])]
        framing = rng.choice(["length", "length", "chunked", "none", "both", "wrong", "coding"])
        data = body
        if framing in ("chunked", "both"):
            lines.append("Transfer-Encoding: chunked")
            data = self.chunked(body)
        if framing == "coding":
            lines.append("Transfer-Encoding: " + rng.choice(["identity", "gzip", "gzip, chunked", "xchunked", "chunked, identity", "", "chunked;x"]))
        if framing in ("length", "both"):
            lines.append(f"Content-Length: {len(body)}")
        if framing == "wrong":
            lines.append("Content-Length: " + rng.choice(["-1", "+2", "0x2", "99999999999999999999", "2, 3", "", f"{len(body) + 10}",
                                                          f"{max(0, len(body) - 10)}", "1e3", "67108864"]))
        for _ in range(rng.randrange(3)):
            lines.append(rng.choice(["X: y", "X : y", ": y", "X", " folded", "X: \x00", "X: " + "a" * rng.choice([100, 20_000, 66_000]),
                                     "Expect: 100-continue", "Connection: close",
                                     "Connection: upgrade", "Upgrade: h2c", "Content-Encoding: gzip", "Accept-Encoding: gzip", "Origin: null", "Cookie: plo_session=x", "Range: bytes=0-1",
                                     "If-None-Match: *", "Content-Type: text/plain", "Accept: application/x-ndjson", "Authorization: Bearer \xff", "Last-Event-ID: -1",
                                     "X-HTTP-Method-Override: DELETE", "X-PLO-Signature: sha256=00"]))
        rng.shuffle(lines)
        end = rng.choice(["\r\n"] * 8 + ["\n", "\r"])
        text = end.join([" ".join([method, target, version]), *lines, "", ""])
        made = text.encode("latin-1", "replace") + data
        if self.chance(0.2):
            made += rng.choice([b"GET /healthz HTTP/1.1\r\nHost: plo\r\n\r\n", b"\r\n", b"\x00" * 100, b"GET", made[:2000]])
        return self.damage(made, 0.3)

    def chunked(self, body):
        rng, made = self.rng, bytearray()
        step = rng.choice([1, 10, 1000, 100_000])
        for start in range(0, min(len(body), step * 50), step):
            piece = body[start:start + step]
            size = rng.choice([b"%x"] * 10 + [b"%X", b"0%x", b" %x", b"-%x", b"0x%x"]) % len(piece)
            made += size + rng.choice([b""] * 6 + [b";a=b", b";" + b"x" * 5000]) + rng.choice([b"\r\n"] * 12 + [b"\n", b""]) + piece + b"\r\n"
        trailers = rng.choice([b""] * 4 + [b"X: y\r\n", b"X: " + b"0" * 66_000 + b"\r\n", b"X" * 70_000 + b": y\r\n", b"Content-Length: 3\r\n", b"bad\r\n"])
        return bytes(made) + rng.choice([b"0\r\n"] * 6 + [b"", b"00\r\n", b"0;x\r\n"]) + trailers + b"\r\n"

    def request(self):
        """(its bytes, whether it is whole and so must be answered)."""
        if self.chance(0.2):
            return self.odd_http(), False
        method, target, lines, body = self.rng.choices([self.ingest, self.batch, self.route], [5, 1, 4])[0]()
        target = target.replace(" ", "%20")
        head = "\r\n".join([f"{method} {target} HTTP/1.1", "Host: plo", "Connection: close", *lines, f"Content-Length: {len(body)}", "", ""])
        return head.encode("latin-1", "replace") + body, True


# A stream has no end, a backup leaves the folder, and a run needs its session.
LEFT_OUT = {"/api/stream", "/control/backup", "/api/auth/logout"}
ROUTES = [(path, method, operation) for path, operations in DOCUMENT["paths"].items() if path not in LEFT_OUT
          for method, operation in operations.items() if method in ("get", "post", "put", "patch", "delete")
          if not (path.startswith("/api/users") or path == "/api/auth/login") or method == "get" or len(path) < 11]


class Wrong(Exception):
    """Something that must not be."""


class Run:
    def __init__(self, server):
        self.server = server
        self.client = server.client(timeout=ANSWER_S)
        self.known = {"PROJECT": [NOBODY], "ANOMALY": [NOBODY], "LETTER": [NOBODY], "NOTIFICATION": [NOBODY]}
        self.counts = collections.Counter()
        self.picked = 0
        self.cut_off = False  # the last request: refused, and the connection ended, while it was still being sent

    def filled(self, data):
        """With what this server knows in the places of the names."""
        data = data.replace(b"{{SESSION}}", self.server.session().encode())

        def pick(match):
            self.picked += 1
            ids = self.known[match[1].decode()]
            return ids[self.picked * 7 % len(ids)].encode()

        return re.sub(rb"{{(PROJECT|ANOMALY|LETTER|NOTIFICATION)}}", pick, data)

    def send(self, data, whole):
        started, received, closed = time.monotonic(), bytearray(), False
        with connect(self.server, timeout=ANSWER_S / SLACK) as connection:
            try:
                connection.sendall(data)
                if not whole:
                    connection.shutdown(1)
            except OSError:
                pass  # refused before all of it was sent
            try:
                while chunk := connection.recv(1 << 18):
                    received += chunk
                    if time.monotonic() - started > ANSWER_S:
                        raise Wrong(f"no end after {ANSWER_S} s")
                closed = True
            except TimeoutError:
                raise Wrong(f"neither an answer nor an end after {ANSWER_S} s: {bytes(received[:200])!r}") from None
            except OSError:
                closed = True
                if whole and len(data) > EARLY:
                    whole = None
        self.cut_off = whole is None
        return Exchange(bytes(received), closed, time.monotonic() - started, len(data))

    def one(self, data, whole):
        exchange = self.send(self.filled(data), whole)
        if not self.server.running():
            raise Wrong(self.server.how_it_ended())
        if whole and len(exchange.answers) != 1 and not self.cut_off:
            raise Wrong(f"{len(exchange.answers)} answers to one request: {exchange}")
        if not exchange.answers:
            self.counts["closed"] += 1
        is_head = data.startswith(b"HEAD")
        for answer in exchange.answers:
            self.counts[answer.status] += 1
            if not is_head:
                self.check(answer, exchange)
        if self.server.memory.now > MEMORY_MB * MB:
            raise Wrong(f"{self.server.memory.now // MB} MB")

    def check(self, answer, exchange):
        if answer.status == 500 or answer.status not in KNOWN:
            raise Wrong(f"{answer.status}: {answer}")
        media_type = answer.headers.get("Content-Type", "").split(";")[0]
        try:
            text = answer.body.decode()
            documents = [strict(text)] if media_type in ("application/json", "application/problem+json") else []
            if media_type == "application/x-ndjson":
                documents = [strict(line) for line in text.split("\n") if line]
        except ValueError as error:
            raise Wrong(f"an answer that is not {media_type}: {error}: {answer}") from error
        if answer.status >= 400 and (media_type != "application/problem+json" or documents[0]["status"] != answer.status):
            raise Wrong(f"an error that is no problem document: {exchange}")
        for document in documents:
            if isinstance(document, dict) and document.get("status") in (500, "500"):
                raise Wrong(f"a line of 500: {document}")
            self.learn(document)

    def learn(self, document):
        if not isinstance(document, dict):
            return
        for name, field in (("PROJECT", "project_id"), ("ANOMALY", "anomaly_id"), ("LETTER", "dead_letter_id"), ("NOTIFICATION", "notification_id")):
            for each in [document, *[item for item in document.get("items", ())[:20] if isinstance(item, dict)]]:
                if isinstance(each.get(field), str) and len(self.known[name]) < 500:
                    self.known[name].append(each[field])
        self.known["ANOMALY"] += [each for each in (document.get("anomalies") or [])[:5] if isinstance(each, str)]

    def still_serves(self):
        """Others are served, and what is there can be read."""
        self.server.check_alive()
        for project in dict.fromkeys(self.known["PROJECT"][-3:] + self.known["PROJECT"][1:2]):
            for path in (f"/api/projects/{project}", f"/api/projects/{project}/timeline?limit=200"):
                answer = self.client.get(path)
                if answer.status not in (200, 404):
                    raise Wrong(f"{path}: {answer}")
                strict(answer.body.decode())


KNOWN = {200, 201, 202, 204, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 417, 422, 429, 431, 501, 503, 504, 505}


def strict(text):
    """JSON without NaN and without lone surrogates."""
    def refuse(name):
        raise ValueError(name)
    document = json.loads(text, parse_constant=refuse)
    json.dumps(document, ensure_ascii=False).encode()
    return document


def audit(server):
    for words in (("verify", "--views", "--rows"), ("rederive",)):
        status, out, err = server.replay(*words, timeout=1800)
        if status != 0:
            raise Wrong(f"plo replay {' '.join(words)} ended with {status}: {out[-2000:]}{err[-2000:]}")


def keep(data, seed, number):
    file = pathlib.Path(tempfile.gettempdir()) / f"plo-attack-{seed}-{number}.http"
    file.write_bytes(data)
    print(f"the input (request {number} of seed {seed}), kept in {file}: {data[:3000]!r}")


def attack(seed, seconds, folder):
    grammar = Grammar(seed)
    server = Watched(folder, CONFIG).start()
    server.audited = False  # at the end, however long the log is
    data, number, run = b"", 0, Run(server)
    try:
        until, next_look = time.monotonic() + seconds, time.monotonic() + 1
        while time.monotonic() < until:
            data, whole = grammar.request()
            number += 1
            run.one(data, whole)
            if time.monotonic() > next_look:
                run.still_serves()
                next_look = time.monotonic() + 2
        run.still_serves()
        status = server.stop()
        if status != 0:
            raise Wrong(f"it ended with {status}: {server.stderr()}")
        data = b""  # what is wrong from here on, no single request has shown
        audit(server)
        print("all is in order")
        return 0
    except (Wrong, AssertionError, OSError, ValueError, KeyError) as error:
        if not isinstance(error, Wrong):
            traceback.print_exc()
        print(f"WRONG: {error}\n{server.stderr()[-2000:]}")
        if data:
            keep(data, seed, number)
        return 1
    finally:
        if server.running():
            server.kill()
        report(f"seed {seed}: {number} requests, at most {server.memory.peak // MB} MB; "
               + ", ".join(f"{count} × {status}" for status, count in sorted(run.counts.items(), key=str)))


def replay(file, folder):
    server = Watched(folder, CONFIG).start()
    run = Run(server)
    run.client.open_project("G0")
    try:
        exchange = run.send(run.filled(pathlib.Path(file).read_bytes()), False)
        print(exchange, *split_answers(exchange.received)[0], sep="\n")
        server.check_alive()
    finally:
        if server.running():
            server.kill()
    audit(server)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--replay", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.replay:
            return replay(options.replay, folder)
        print(f"seed {options.seed}", flush=True)
        return attack(options.seed, options.seconds, folder)


if __name__ == "__main__":
    sys.exit(main())
