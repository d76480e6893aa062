#!/usr/bin/env python3
"""Writes docs/openapi.json, the description of PLO's HTTP interface that the server hands out at /openapi.json.

Edit here, run `docs/openapi.py`, and commit both. tests/lint checks that they belong together, tests/http that every route is described, and
the black-box tests that every answer is as described.
"""

import json
import pathlib
import re
import sys

SCHEMAS = {}  # schemas


def ref(n):
    return {"$ref": "#/components/schemas/" + n}


def nullable(s):
    if "$ref" in s:
        return {"anyOf": [s, {"type": "null"}]}
    s = dict(s)
    t = s["type"]
    s["type"] = (t if isinstance(t, list) else [t]) + ["null"]
    if "enum" in s:
        s["enum"] = s["enum"] + [None]
    return s


def text(**k):
    return {"type": "string", **k}


def integer(**k):
    return {"type": "integer", **k}


def number(**k):
    return {"type": "number", **k}


def boolean():
    return {"type": "boolean"}


def arr(x, **k):
    return {"type": "array", "items": x, **k}


def enum(*w):
    return {"type": "string", "enum": list(w)}


def obj(req, opt=None, open=False, **k):
    p = dict(req)
    p.update(opt or {})
    o = {"type": "object", "properties": p, "required": list(req), **k}
    if not req:
        del o["required"]
    if not open:
        o["additionalProperties"] = False
    return o


instant = {"$ref": "#/components/schemas/instant"}
day = {"$ref": "#/components/schemas/day"}
uuid = {"$ref": "#/components/schemas/uuid"}
pos = {"$ref": "#/components/schemas/position"}
SCHEMAS["instant"] = text(
    pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    description="RFC 3339 in UTC with milliseconds; requests may have any offset",
    examples=["2025-06-15T14:32:00.000Z"],
)
SCHEMAS["day"] = text(pattern=r"^\d{4}-\d{2}-\d{2}$", description="A day of the server's time zone")
SCHEMAS["uuid"] = text(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
SCHEMAS["position"] = integer(minimum=0, description="Place in the log")
sev = enum("warning", "critical")
SCHEMAS["severity"] = sev
SCHEMAS["health"] = enum("green", "orange", "red")
SCHEMAS["project_status"] = enum("draft", "active", "on_hold", "completed", "cancelled")
SCHEMAS["anomaly_status"] = enum("open", "acknowledged", "snoozed", "resolved")
SCHEMAS["step_status"] = enum("pending", "in_progress", "completed", "anomaly", "blocked", "skipped")
SCHEMAS["role"] = enum("admin", "operator", "viewer")
SCHEMAS["scope"] = enum("project", "order", "consolidation", "lastmile", "installation")
SCHEMAS["problem"] = obj(
    {"type": text(), "title": text(), "status": integer(), "detail": text()},
    {"errors": arr(obj({"pointer": text(description="RFC 6901, into the body; or the name of a parameter"), "message": text()}))},
    description="RFC 9457",
)
item = {
    "project_id": uuid,
    "project_refs": arr(text()),
    "status": ref("project_status"),
    "project_type": nullable(text()),
    "channel_origin": nullable(text()),
    "store_id": nullable(text()),
    "customer_id": nullable(text()),
    "health": ref("health"),
    "assigned_to": nullable(text()),
    "promised_delivery_date": nullable(day),
    "promised_installation_date": nullable(day),
    "next_action": nullable(text()),
    "next_action_at": nullable(instant),
    "open_anomalies": obj({"warning": integer(), "critical": integer()}),
    "oldest_anomaly_at": nullable(instant),
    "risk": nullable(
        number(
            minimum=0,
            maximum=1,
            description="Probability of missing the promised delivery date, as of the project's last event; null where there is nothing to miss",
        )
    ),
    "created_at": instant,
    "updated_at": instant,
    "position": pos,
}
SCHEMAS["project_item"] = obj(item)
SCHEMAS["step"] = obj(
    {
        "step_type": text(),
        "scope": enum("project", "order", "installation"),
        "status": ref("step_status"),
        "expected_at": nullable(instant),
        "started_at": nullable(instant),
        "completed_at": nullable(instant),
        "blocked_by": nullable(uuid),
    },
    {"order_id": uuid, "order_ref": text()},
)
SCHEMAS["line"] = obj(
    {
        "line_id": text(),
        "sku": text(),
        "label": nullable(text()),
        "quantity": number(),
        "unit_price": nullable(number()),
        "warehouse": nullable(text()),
        "main": boolean(),
        "installation_required": nullable(boolean()),
        "stock_status": nullable(text()),
        "replaced_by": nullable(text()),
    }
)
SCHEMAS["shipment"] = obj(
    {
        "shipment_id": text(),
        "leg_number": nullable(integer()),
        "origin_type": nullable(text()),
        "origin_ref": nullable(text()),
        "destination_station_id": nullable(text()),
        "carrier": nullable(text()),
        "carrier_tracking_ref": nullable(text()),
        "status": enum("pending", "dispatched", "in_transit", "arrived", "exception"),
        "estimated_arrival": nullable(instant),
        "actual_arrival": nullable(instant),
    }
)
addr = {"type": ["object", "null"]}
SCHEMAS["order"] = obj(
    {
        "order_id": uuid,
        "order_ref": text(),
        "status": enum("draft", "confirmed", "in_fulfillment", "delivered", "installed", "closed", "cancelled"),
        "delivery_address": addr,
        "installation_address": addr,
        "installation_required": nullable(boolean()),
        "lead_time_days": nullable(integer()),
        "promised_delivery_date": nullable(day),
        "promised_installation_date": nullable(day),
        "confirmed_at": nullable(instant),
        "latest_eta": nullable(instant),
        "in_transit": boolean(),
        "dispatched": boolean(),
        "arrived": boolean(),
        "delivered": boolean(),
        "lines": arr(ref("line")),
        "shipments": arr(ref("shipment")),
    }
)
SCHEMAS["consolidation"] = obj(
    {
        "consolidation_id": nullable(text()),
        "station_id": nullable(text()),
        "station_name": nullable(text()),
        "status": enum("waiting", "in_progress", "complete", "partial_approved"),
        "orders_required": arr(text()),
        "orders_arrived": arr(text()),
        "orders_missing": arr(text()),
        "estimated_complete_date": nullable(day),
        "partial_delivery_approved": boolean(),
        "partial_approved_by": nullable(obj({"customer": boolean(), "installer": boolean(), "approved_at": nullable(instant)})),
    }
)
SCHEMAS["lastmile"] = obj(
    {
        "lastmile_id": nullable(text()),
        "status": enum("pending", "scheduled", "in_transit", "delivered", "partial_delivered", "failed"),
        "carrier": nullable(text()),
        "slot_start": nullable(instant),
        "slot_end": nullable(instant),
        "is_partial": nullable(boolean()),
        "missing_order_ids": arr(text()),
        "delivered_at": nullable(instant),
        "pod_url": nullable(text()),
    },
    {"carrier_tracking_ref": nullable(text())},
)
SCHEMAS["installation"] = obj(
    {
        "installation_id": nullable(text()),
        "status": enum("scheduled", "in_progress", "partial", "completed", "closed", "cancelled"),
        "installer_id": nullable(text()),
        "technician_id": nullable(text()),
        "scheduled_start": nullable(instant),
        "scheduled_end": nullable(instant),
        "started_at": nullable(instant),
        "completed_at": nullable(instant),
        "report_submitted_at": nullable(instant),
    }
)
SCHEMAS["anomaly"] = obj(
    {
        "anomaly_id": uuid,
        "rule_id": text(),
        "rule_version": integer(),
        "rule_name": nullable(text()),
        "project_id": uuid,
        "scope": ref("scope"),
        "entity": text(),
        "severity": ref("severity"),
        "status": ref("anomaly_status"),
        "raised_at": instant,
        "last_triggered_at": instant,
        "occurrences": integer(minimum=1),
        "escalated": boolean(),
        "escalated_at": nullable(instant),
        "acknowledged_at": nullable(instant),
        "acknowledged_by": nullable(text()),
        "snoozed_until": nullable(instant),
        "resolved_at": nullable(instant),
        "resolved_by": nullable(text(description="system, late_event, or a user's id")),
        "late_event_id": nullable(uuid),
        "assigned_to": nullable(text()),
        "comments": arr(obj({"comment": text(), "operator_id": nullable(text()), "at": instant})),
        "blocks": arr(text()),
        "cause": obj({}, {"event_id": uuid, "deadline": instant}),
    },
    {
        "explanation": obj(
            {
                "rule": {"type": "object"},
                "when": {},
                "facts": arr(obj({"path": text(), "value": {}}, open=True)),
                "event": {"type": ["object", "null"]},
            },
            open=True,
        )
    },
)
SCHEMAS["project"] = obj(
    {
        **item,
        "risk_facts": arr(
            obj({"fact": text(), "weight": number(description="Change of the log odds of being late; positive: later"), "detail": text()}), maxItems=3
        ),
        "customer_name": nullable(text()),
        "customer_email": nullable(text()),
        "installation_required": nullable(boolean()),
        "metadata": {},
        "closed_at": nullable(instant),
        "steps": arr(ref("step")),
        "orders": arr(ref("order")),
        "consolidation": nullable(ref("consolidation")),
        "lastmile": nullable(ref("lastmile")),
        "lastmiles": arr(ref("lastmile"), description="Every tour, by first mention; `lastmile` is the latest that is not closed, else the latest"),
        "installation": nullable(ref("installation")),
        "installations": arr(ref("installation"), description="Every visit, by first mention; `installation` is the next that is not over, else the last"),
        "anomalies": arr(ref("anomaly")),
        "deadlines": arr(obj({"rule_id": text(), "scope": ref("scope"), "entity": text(), "due_at": instant}, open=True)),
        "refs": arr(obj({"source": text(), "ref": text(), "kind": enum("project", "order", "shipment", "lastmile", "installation")})),
        "notes": arr(obj({"comment": text(), "operator_id": nullable(text()), "at": instant}, open=True)),
        "tracking_token": nullable(text()),
    }
)
SCHEMAS["timeline_item"] = obj(
    {
        "position": pos,
        "event_id": uuid,
        "type": text(),
        "kind": enum("source", "operator", "clock", "derived"),
        "source": nullable(text()),
        "source_ref": nullable(text()),
        "occurred_at": instant,
        "recorded_at": instant,
        "step_type": nullable(text()),
        "order_ref": nullable(text()),
        "severity": enum("info", "warning", "critical"),
        "operator_id": nullable(text()),
        "comment": nullable(text()),
        "payload": {"type": "object"},
        "caused": arr(pos),
    }
)
SCHEMAS["event"] = obj(
    {
        "event_id": uuid,
        "position": pos,
        "stream": text(),
        "version": integer(),
        "type": text(),
        "kind": enum("source", "operator", "clock", "derived"),
        "source": nullable(text()),
        "source_ref": nullable(text()),
        "occurred_at": instant,
        "recorded_at": instant,
        "causation_id": nullable(uuid),
        "correlation_id": nullable(text()),
        "operator_id": nullable(text()),
        "schema_version": integer(),
        "project_ref": nullable(text()),
        "order_ref": nullable(text()),
        "comment": nullable(text()),
        "data": {"type": "object"},
    }
)
SCHEMAS["rule"] = obj(
    {
        "id": text(),
        "scope": ref("scope"),
        "severity": ref("severity"),
        "version": integer(),
        "origin": enum("file", "operator"),
        "changed_at": instant,
        "changed_by": nullable(text()),
        "overrides": arr(ref("override")),
    },
    {"name": nullable(text()), "position": pos},
    open=True,
    description="A rule's definition (RULES: on or deadline, when, resolve_when, actions, params, active, dedup, escalate_after) and what is known about it",
)
SCHEMAS["override"] = obj(
    {},
    {
        "store_id": nullable(text()),
        "project_type": nullable(text()),
        "params": {"type": ["object", "null"]},
        "severity": nullable(sev),
        "active": nullable(boolean()),
        "actions": {"type": ["array", "null"]},
    },
)
SCHEMAS["notification"] = obj(
    {
        "notification_id": uuid,
        "project_id": uuid,
        "anomaly_id": uuid,
        "rule_id": text(),
        "rule_name": nullable(text()),
        "severity": ref("severity"),
        "channel": enum("email", "ticket", "internal"),
        "recipient": text(),
        "reason": text(),
        "state": nullable(text()),
        "status": enum("pending", "sent", "failed"),
        "sent_to": nullable(text()),
        "attempts": integer(),
        "created_at": instant,
        "sent_at": nullable(instant),
        "error": nullable(text()),
        "position": pos,
    }
)
SCHEMAS["dead_letter"] = obj(
    {
        "dead_letter_id": uuid,
        "kind": enum("unattached", "ambiguous", "conflict"),
        "source": text(),
        "source_ref": text(),
        "event_type": text(),
        "project_ref": nullable(text()),
        "received_at": instant,
        "reason": text(),
        "status": enum("waiting", "attached", "discarded"),
        "project_id": nullable(uuid),
        "payload": {"type": "object"},
    }
)
SCHEMAS["user"] = obj(
    {
        "user_id": text(),
        "email": nullable(text()),
        "name": nullable(text()),
        "role": ref("role"),
        "active": boolean(),
        "created_at": nullable(instant),
    },
    {"position": pos},
)
SCHEMAS["audit_entry"] = obj(
    {
        "position": pos,
        "recorded_at": instant,
        "operator_id": nullable(text()),
        "operator_email": nullable(text(description="For administrators; others see the name")),
        "type": text(),
        "project_id": nullable(uuid),
        "summary": text(),
        "data": {"type": "object"},
    },
    {"operator_name": nullable(text())},
)
SCHEMAS["search_hit"] = obj(
    {
        "kind": enum("project", "customer", "order", "reference", "rule"),
        "id": text(),
        "project_id": nullable(uuid),
        "title": text(),
        "subtitle": nullable(text()),
        "score": number(),
    }
)
CUSTOMER_PROJECT = obj(
    {
        "project_id": uuid,
        "project_refs": arr(text()),
        "project_type": nullable(text()),
        "status": ref("project_status"),
        "health": ref("health"),
        "promised_delivery_date": nullable(day),
    }
)
SCHEMAS["customer"] = obj(
    {
        "customer_id": text(),
        "name": nullable(text()),
        "projects": obj({k: arr(CUSTOMER_PROJECT, maxItems=50) for k in ("current", "past", "planned")}),
        "project_counts": obj({k: integer() for k in ("current", "past", "planned")}),
        "health": ref("health"),
    }
)
BY_SEVERITY = obj({"warning": integer(), "critical": integer()})
perday = arr(obj({"date": day, "warning": integer(), "critical": integer()}))
SCHEMAS["kpis"] = obj(
    {
        "open": BY_SEVERITY,
        "raised_per_day": perday,
        "resolved_per_day": perday,
        "mean_time_to_acknowledge_s": nullable(number()),
        "mean_time_to_resolve_s": nullable(number()),
        "detection_lead_time_s": obj({"p50": nullable(number()), "p90": nullable(number())}),
        "on_time": obj({"delivered": integer(), "on_time": integer()}),
        "top_rules": arr(obj({"rule_id": text(), "count": integer()})),
    },
    open=True,
)
SCHEMAS["station"] = obj({"station_id": text(), "name": nullable(text()), "registered_at": instant, "last_event_at": instant, "events": integer()})
slot = nullable(obj({"start": instant, "end": nullable(instant)}))
SCHEMAS["tracking"] = obj(
    {
        "reference": nullable(text()),
        "project_type": nullable(text()),
        "status": enum("planned", "in_progress", "completed", "cancelled"),
        "promised_delivery_date": nullable(day),
        "promised_installation_date": nullable(day),
        "delivery_slot": slot,
        "installation_slot": slot,
        "milestones": arr(
            obj(
                {
                    "milestone": enum(
                        "ordered", "prepared", "shipped", "at_station", "delivery_scheduled", "delivered", "installation_scheduled", "installed"
                    ),
                    "status": enum("done", "current", "upcoming"),
                    "at": nullable(instant),
                    "expected_at": nullable(instant),
                    "done": integer(),
                    "of": integer(),
                }
            )
        ),
        "orders": arr(
            obj(
                {
                    "reference": text(),
                    "status": enum("in_preparation", "on_the_way", "at_station", "delivered"),
                    "promised_delivery_date": nullable(day),
                    "delivered_at": nullable(instant),
                    "lines": arr(obj({"label": nullable(text()), "quantity": number()})),
                }
            )
        ),
        "updated_at": instant,
    }
)
SCHEMAS["trial"] = obj(
    {
        "rule_id": text(),
        "raised": arr({"type": "object"}),
        "dropped": arr({"type": "object"}),
        "moved": arr(obj({"project_id": uuid, "rule_id": text(), "from": {"type": "object"}, "to": {"type": "object"}}, open=True)),
        "unchanged": integer(),
        "raised_total": integer(),
        "dropped_total": integer(),
        "moved_total": integer(),
        "projects": integer(),
        "rules": arr(obj({"rule_id": text(), "tried": boolean(), "raised": integer(), "dropped": integer(), "moved": integer(), "unchanged": integer()})),
    },
    open=True,
)
SCHEMAS["ingest_event"] = obj(
    {
        "source": text(),
        "source_ref": text(maxLength=256),
        "event_type": text(),
        "occurred_at": text(format="date-time"),
        "payload": {"type": "object"},
    },
    {
        "project_ref": text(maxLength=256),
        "project_id": text(format="uuid"),
        "order_ref": text(),
        "correlation_id": text(),
        "comment": text(maxLength=10000),
    },
    description="One of project_ref and project_id is required",
)
SCHEMAS["ingest_stored"] = obj(
    {"event_id": uuid, "project_id": uuid, "position": pos, "duplicate": {"type": "boolean", "const": False}, "anomalies": arr(uuid)}
)
SCHEMAS["ingest_duplicate"] = obj(
    {"duplicate": {"type": "boolean", "const": True}, "event_id": uuid, "project_id": uuid, "position": pos}, {"conflict": boolean()}
)
SCHEMAS["ingest_dead_letter"] = obj({"dead_letter_id": uuid, "reason": text(), "position": pos}, {"conflict": boolean()}, open=True)


def page(n):
    return obj({"items": arr(ref(n)), "next_cursor": nullable(text()), "total": integer(minimum=0)})


for n in ("project_item", "anomaly", "notification", "dead_letter", "customer", "station", "rule", "user", "audit_entry", "timeline_item"):
    SCHEMAS["page_of_" + n.replace("project_item", "projects")] = page(n)
PATHS = {}


def query(name, schema=None, desc=None, required=False):
    p = {"name": name, "in": "query", "schema": schema or text()}
    if desc:
        p["description"] = desc
    if required:
        p["required"] = True
    return p


at_least = {"$ref": "#/components/parameters/at_least"}
key = {"$ref": "#/components/parameters/idempotency_key"}
paging = [query("limit", integer(minimum=1, maximum=200, default=50)), query("cursor", text(minLength=1), "next_cursor of the page before")]
period = [query("from", text(minLength=10), "An instant or a day, inclusive"), query("to", text(minLength=10), "An instant or a day, exclusive")]
PROBLEMS = {
    400: "The body is not JSON",
    401: "No key or session, or it has ended",
    403: "The role is too low",
    404: "There is no such thing",
    408: "The request did not come to its end in time",
    409: "It contradicts the state; the detail says why",
    413: "The body is too large",
    415: "The body is not of the right media type, or has a Content-Encoding",
    422: "A parameter or a field is wrong, unknown, or beyond a bound; errors say which",
    429: "Too many attempts",
    503: "Overloaded, or the store refuses writes",
    504: "The read models did not reach at_least within 5 s",
}


def prob(*codes):
    return {str(c): {"description": PROBLEMS[c], "content": {"application/problem+json": {"schema": ref("problem")}}} for c in codes}


def route(
    method,
    path,
    summary,
    ok,
    params=(),
    body=None,
    codes=(),
    tag=None,
    security=True,
    status=200,
    ctype="application/json",
    desc=None,
    okdesc="Done",
    headers=None,
    extra=None,
    read=False,
):
    params = list(params)
    for n in re.findall(r"{(\w+)}", path):
        params.insert(0, {"name": n, "in": "path", "required": True, "schema": text()})
    codes = set(codes) | {408, 503}
    if security:
        codes |= {401}
    if path.startswith("/api/"):
        codes |= {422}  # a query parameter that nobody knows
    if method != "get" and security:
        codes |= {403, 503}
    if read:
        params.append(at_least)
        codes |= {422, 504}
        headers = {"X-PLO-Position": {"description": "The position the answer was made at", "schema": pos}}
    if body is not None:
        codes |= {400, 413, 415, 422}
    if method != "get" and security and path not in ("/api/auth/logout", "/api/rules/{id}/try"):
        params.append(key)
        codes |= {409, 422}
    r = {str(status): {"description": okdesc}}
    if ok is not None:
        r[str(status)]["content"] = {ctype: {"schema": ok}}
    if headers:
        r[str(status)]["headers"] = headers
    r.update(prob(*sorted(codes)))
    r.update(extra or {})
    o = {
        "summary": summary,
        "tags": [tag or path.split("/")[2]],
        "operationId": (method + "_" + re.sub(r"\W+", "_", path.replace("/api/", "").strip("/"))).strip("_"),
    }
    if desc:
        o["description"] = desc
    if params:
        o["parameters"] = params
    if body is not None:
        o["requestBody"] = {
            "required": body.get("_required", True),
            "content": {"application/json": {"schema": {k: v for k, v in body.items() if k != "_required"}}},
        }
    o["responses"] = dict(sorted(r.items()))
    if not security:
        o["security"] = []
    PATHS.setdefault(path, {})[method] = o


comment = {"_required": False, **obj({}, {"comment": text(maxLength=4000)})}


def did(**f):
    return obj({**f, "position": pos})


proj = did(project_id=uuid)
# ingestion
INGEST_ANSWERS = {
    "200": {
        "description": "source and source_ref were stored before; the ids are those of the first",
        "content": {"application/json": {"schema": ref("ingest_duplicate")}},
    },
    "202": {
        "description": "No project was found: kept among the dead letters",
        "content": {"application/json": {"schema": ref("ingest_dead_letter")}},
    },
}
route(
    "post",
    "/api/events/ingest",
    "Push one event",
    ref("ingest_stored"),
    body=ref("ingest_event"),
    status=201,
    okdesc="Stored and durable",
    codes=(401, 403, 429, 503),
    security=False,
    tag="ingestion",
    extra=INGEST_ANSWERS,
)
PATHS["/api/events/ingest"]["post"]["security"] = [{"source_key": []}]
route(
    "post",
    "/api/events/ingest/batch",
    "Push many events, one a line",
    text(description="One answer a line, in order: status, and the body of the single route; of a refused line the first three errors"),
    status=200,
    ctype="application/x-ndjson",
    codes=(401, 413, 415, 503),
    security=False,
    tag="ingestion",
    desc="At most 10,000 lines and 64 MiB; the answers to a long batch come while it is taken",
)
PATHS["/api/events/ingest/batch"]["post"]["security"] = [{"source_key": []}]
PATHS["/api/events/ingest/batch"]["post"]["requestBody"] = {"required": True, "content": {"application/x-ndjson": {"schema": text()}}}
# auth
route(
    "post",
    "/api/auth/login",
    "Log in",
    obj({"user": ref("user")}),
    body=obj({"email": text(), "password": text()}),
    codes=(401, 404, 429, 503),
    security=False,
    tag="operators",
    headers={"Set-Cookie": {"description": "plo_session, HttpOnly, SameSite=Strict", "schema": text()}},
)
route("post", "/api/auth/logout", "End the session", did(), codes=(404,), tag="operators")
route("get", "/api/auth/me", "Whose session this is", obj({"user": ref("user")}), tag="operators")
route("get", "/api/users", "All accounts", ref("page_of_user"), paging, read=True, codes=(403, 404), tag="operators")
route(
    "post",
    "/api/users",
    "Add an account",
    ref("user"),
    body=obj(
        {"email": text(), "password": text(minLength=8, maxLength=1024), "role": ref("role")}, {"name": text(maxLength=200), "active": boolean()}
    ),
    status=201,
    codes=(404,),
    tag="operators",
)
route("get", "/api/users/{id}", "One account", ref("user"), read=True, codes=(403, 404), tag="operators")
for m in ("put", "patch"):
    route(
        m,
        "/api/users/{id}",
        "Change an account",
        ref("user"),
        body=obj({}, {"email": text(), "name": nullable(text()), "role": ref("role"), "active": boolean()}, open=True),
        codes=(404,),
        tag="operators",
    )
route("delete", "/api/users/{id}", "Remove an account", obj({"user_id": text(), "position": pos}, open=True), codes=(404,), tag="operators")
route(
    "post",
    "/api/users/{id}/reset-password",
    "Set an account's password",
    obj({"user_id": text(), "position": pos}, open=True),
    body=obj({"password": text(minLength=8, maxLength=1024)}),
    codes=(404,),
    tag="operators",
)
# projects
PROJECT_FILTERS = [
    query("status", ref("project_status")),
    query("type"),
    query("store_id"),
    query("customer_id"),
    query("severity", sev, "Worst open anomaly"),
    query("assigned_to", None, "A user's id, or none"),
    query("q", text(maxLength=200), "Each word begins a word of the project's references, orders or customer"),
    query("risk_min", number(minimum=0, maximum=1)),
    *period,
    query("sort", enum("-oldest_anomaly", "oldest_anomaly", "-updated_at", "updated_at", "-created_at", "created_at", "-risk", "risk")),
]
route("get", "/api/projects", "Projects", ref("page_of_projects"), PROJECT_FILTERS + paging, read=True)
PROJECT_FIELDS = {
    "customer_id": text(),
    "customer_name": text(),
    "customer_email": text(),
    "project_type": text(),
    "channel_origin": text(),
    "store_id": text(),
    "installation_required": boolean(),
    "promised_installation_date": day,
    "metadata": {"type": "object"},
}
route(
    "post",
    "/api/projects",
    "Create a project by hand",
    proj,
    body=obj({}, {"project_ref": text(maxLength=256), "comment": text(maxLength=10000), **PROJECT_FIELDS}),
    status=201,
)
at = query("at", text(), "As it was known at this instant (recorded by then)")
route("get", "/api/projects/{id}", "The whole project", ref("project"), [at], read=True, codes=(404,))
route("get", "/api/projects/{id}/timeline", "Its events, oldest first", ref("page_of_timeline_item"), [at] + paging, read=True, codes=(404,))
route(
    "get",
    "/api/projects/{id}/rules",
    "Which part of each rule's condition is not met, and when its deadline is due",
    obj({"items": arr({"type": "object"})}, open=True),
    [query("rule_id")],
    read=True,
    codes=(404,),
)
ORDER_FIELDS = {
    "promised_delivery_date": day,
    "promised_installation_date": day,
    "installation_required": boolean(),
    "lead_time_days": integer(),
    "delivery_address": {"type": "object"},
    "installation_address": {"type": "object"},
    "customer_id": text(),
    "lines": arr(
        obj(
            {},
            {
                "line_id": text(),
                "sku": text(),
                "label": text(),
                "qty": number(minimum=0),
                "unit_price": number(),
                "warehouse": text(),
                "main": boolean(),
                "installation_required": boolean(),
            },
            open=True,
        )
    ),
}
route(
    "post",
    "/api/projects/{id}/orders",
    "Pre-create an order",
    obj({"project_id": uuid, "order_ref": text(), "position": pos}),
    body=obj({"order_ref": text(maxLength=256)}, {**ORDER_FIELDS, "comment": text(maxLength=10000)}),
    status=201,
    codes=(404,),
)
c = text(maxLength=10000)
route("post", "/api/projects/{id}/notes", "Add a note", proj, body=obj({"comment": text(minLength=1, maxLength=10000)}), codes=(404,))
route("post", "/api/projects/{id}/assign", "Assign, or take away", proj, body=obj({"assigned_to": nullable(text())}, {"comment": c}), codes=(404,))
route("post", "/api/projects/{id}/status", "Set the status", proj, body=obj({"status": ref("project_status")}, {"comment": c}), codes=(404,))
route("post", "/api/projects/{id}/close", "Close", proj, body={"_required": False, **obj({}, {"comment": c})}, codes=(404,))
route("post", "/api/projects/{id}/reopen", "Reopen", proj, body={"_required": False, **obj({}, {"comment": c})}, codes=(404,))
route(
    "post",
    "/api/projects/{id}/partial-delivery",
    "Consent to a partial delivery; approved only when both agree",
    did(project_id=uuid, approved=boolean()),
    body=obj({"customer": boolean(), "installer": boolean()}, {"comment": c}),
    codes=(404,),
)
route(
    "post",
    "/api/projects/{id}/steps/{step_type}",
    "Say by hand how a step stands",
    proj,
    body=obj({"status": ref("step_status")}, {"comment": c, "occurred_at": text(format="date-time"), "order_ref": text(), "order_id": text()}),
    codes=(404,),
)
# anomalies
ANOMALY_FILTERS = [
    query("status", enum("open", "acknowledged", "snoozed", "resolved", "all")),
    query("severity", sev),
    query("rule_id"),
    query("store_id"),
    query("type"),
    query("assigned_to", None, "A user's id, or none"),
    query("project_id"),
    *period,
    query("sort", enum("-severity", "severity", "-raised_at", "raised_at")),
]
route("get", "/api/anomalies", "Anomalies; without a status the open ones", ref("page_of_anomaly"), ANOMALY_FILTERS + paging, read=True)
route("get", "/api/anomalies/{id}", "One, with its explanation", ref("anomaly"), read=True, codes=(404,))
ano = did(anomaly_id=uuid)
route(
    "post",
    "/api/anomalies/acknowledge",
    "Acknowledge many",
    obj({"items": arr(obj({"anomaly_id": text(), "status": integer()}, {"position": pos, "reason": text()})), "position": pos}),
    body=obj({"ids": arr(text(), maxItems=500)}, {"comment": text()}),
)
route("post", "/api/anomalies/{id}/acknowledge", "Acknowledge", ano, body=comment, codes=(404,))
route("post", "/api/anomalies/{id}/resolve", "Resolve by hand", ano, body=comment, codes=(404,))
route("post", "/api/anomalies/{id}/snooze", "Snooze until", ano, body=obj({"until": text(format="date-time")}, {"comment": text()}), codes=(404,))
route(
    "post", "/api/anomalies/{id}/assign", "Assign, or take away", ano, body=obj({"assigned_to": nullable(text())}, {"comment": text()}), codes=(404,)
)
# rules
rule_body = {"type": "object", "description": "A rule's definition", "required": ["scope", "severity"], "minProperties": 3}
route("get", "/api/rules", "Rules in force", ref("page_of_rule"), paging, read=True)
route("post", "/api/rules", "Define a rule", ref("rule"), body=rule_body, status=201)
route("get", "/api/rules/{id}", "One rule", ref("rule"), read=True, codes=(404,))
route("put", "/api/rules/{id}", "Change a rule", ref("rule"), body=rule_body, codes=(404,))
route("delete", "/api/rules/{id}", "Delete a rule that never fired", obj({"rule_id": text(), "position": pos}), codes=(404,))
route(
    "get",
    "/api/rules/{id}/history",
    "Who changed it, and how",
    obj(
        {
            "items": arr(
                obj(
                    {
                        "version": integer(),
                        "position": pos,
                        "type": text(),
                        "recorded_at": instant,
                        "operator_id": nullable(text()),
                        "data": {"type": "object"},
                    }
                )
            ),
            "next_cursor": nullable(text()),
            "total": integer(),
        }
    ),
    paging,
    read=True,
    codes=(404,),
)
route("get", "/api/rules/{id}/overrides", "Its overrides", arr(ref("override")), read=True, codes=(404,))
route("put", "/api/rules/{id}/overrides", "Replace its overrides", ref("rule"), body=arr(ref("override")), codes=(404,))
route("delete", "/api/rules/{id}/overrides", "Remove one override, or all", ref("rule"), [query("store_id"), query("project_type")], codes=(404,))
route(
    "post",
    "/api/rules/{id}/try",
    "What a changed rule would have raised and dropped",
    ref("trial"),
    body=obj({"rule": rule_body}, {"days": integer(minimum=1, maximum=3650, default=30)}),
    codes=(404,),
    desc="Ends with its client, and after 25 s",
)
# the rest
route("get", "/api/customers", "Customers by name", ref("page_of_customer"), [query("q", text(maxLength=200))] + paging, read=True)
route("get", "/api/customers/{id}", "One customer with projects", ref("customer"), read=True, codes=(404,))
route(
    "get",
    "/api/customers/{id}/export",
    "A person's data: projects with what was said about them, dead letters that name the customer",
    obj(
        {
            "customer_id": text(),
            "exported_at": instant,
            "projects": arr(obj({"project": ref("project"), "events": arr(ref("event"))})),
            "dead_letters": arr(ref("event")),
        }
    ),
    read=True,
    codes=(403, 404),
)
route(
    "post",
    "/api/customers/{id}/erase",
    "Destroy the key of the customer's personal data, for ever (admin)",
    did(customer_id=text(), also_known_as=arr(text(), description="Other ids that share a project with this one and still hold data")),
    body=comment,
    codes=(404,),
)
route("get", "/api/kpis", "Key figures; without a period the last 30 days", ref("kpis"), [*period, query("store_id"), query("type")], read=True)
route(
    "get",
    "/api/notifications",
    "The outbox, newest first",
    ref("page_of_notification"),
    [
        query("status", enum("pending", "sent", "failed")),
        query("channel", enum("email", "ticket", "internal")),
        query("rule_id"),
        query("project_id"),
        query("anomaly_id"),
    ]
    + paging,
    read=True,
)
route(
    "post", "/api/notifications/{id}/retry", "Send a failed one again", did(notification_id=uuid), body={"_required": False, **obj({})}, codes=(404,)
)
route(
    "get",
    "/api/dead-letters",
    "Events without a project, newest first",
    ref("page_of_dead_letter"),
    [query("kind", enum("unattached", "ambiguous", "conflict")), query("status", enum("waiting", "attached", "discarded"))] + paging,
    read=True,
)
route("get", "/api/dead-letters/{id}", "One of them", ref("dead_letter"), read=True, codes=(404,))
route(
    "post",
    "/api/dead-letters/{id}/attach",
    "Attach it to a project",
    did(dead_letter_id=uuid, project_id=uuid),
    body=obj({"project_id": text(format="uuid")}, {"comment": text()}),
    codes=(404,),
)
route("post", "/api/dead-letters/{id}/discard", "Discard it", did(dead_letter_id=uuid), body=comment, codes=(404,))
route(
    "get",
    "/api/audit",
    "Who did what, newest first",
    ref("page_of_audit_entry"),
    [query("operator", None, "A user's id; for administrators also the e-mail"), query("type"), *period] + paging,
    read=True,
)
route(
    "get",
    "/api/search",
    "Projects, customers, orders, references and rules",
    obj({"items": arr(ref("search_hit"), maxItems=20)}),
    [query("q", text(minLength=1, maxLength=200), required=True)],
    read=True,
)
route("get", "/api/stations", "Delivery stations, as payloads named them", ref("page_of_station"), paging, read=True)
route(
    "get",
    "/api/events",
    "The raw log",
    obj({"items": arr(ref("event")), "next": nullable(pos)}),
    [query("from", integer(minimum=0), "First position"), query("limit", integer(minimum=1, maximum=10000, default=1000)), at_least],
    codes=(422, 504),
    headers={"X-PLO-Position": {"schema": pos}},
    desc="With Accept: application/x-ndjson one event a line, and X-PLO-Next. What is told of accounts is for administrators",
)
PATHS["/api/events"]["get"]["responses"]["200"]["content"]["application/x-ndjson"] = {"schema": text()}
for n, f in (("projects", PROJECT_FILTERS), ("anomalies", ANOMALY_FILTERS)):
    route("get", f"/api/exports/{n}.csv", f"All {n} of a filter as CSV (RFC 4180)", text(), f, ctype="text/csv", codes=(422, 503, 504), tag="exports")
for n in ("projects", "anomalies"):
    PATHS[f"/api/exports/{n}.csv"]["get"]["parameters"].append(at_least)
route(
    "get",
    "/api/stream",
    "Server-sent events of the log",
    text(description="id: position, event: name, data: JSON"),
    [
        query("topics", None, "projects, anomalies, notifications, operations, kpis; comma-separated"),
        query("project_id"),
        query("store_id"),
        query("severity", sev),
        query("last_event_id", integer()),
        {"name": "Last-Event-ID", "in": "header", "schema": integer()},
    ],
    ctype="text/event-stream",
    codes=(422,),
)
route("get", "/api/tracking/{token}", "The client's page", ref("tracking"), read=True, codes=(404,), security=False)
route("get", "/healthz", "Is the process alive", obj({"status": text()}), security=False, tag="service")
ready = obj(
    {
        "status": text(),
        "store_takes_writes": boolean(),
        "views_take_writes": boolean(),
        "parked_projections": arr(obj({"projection": text(), "position": pos, "reason": text()})),
        "building_projections": arr(obj({"projection": text(), "position": pos})),
        "stopping": boolean(),
        "position": pos,
        "projection_position": pos,
    },
    {"store_reason": text(description="What is the matter with the log"), "views_reason": text(description="What is the matter with the read models")},
)
route(
    "get",
    "/readyz",
    "Does it take requests",
    ready,
    security=False,
    tag="service",
    extra={"503": {"description": "Not now", "content": {"application/json": {"schema": ready}}}},
)
backup_state = obj(
    {"state": enum("idle", "running", "done", "failed")},
    {"to": text(), "copied_bytes": integer(), "total_bytes": integer(), "id": integer(), "error": text()},
)
control_desc = "For `plo backup`; the token is in control.json of the data directory"
route(
    "post",
    "/control/backup",
    "Take a backup of the log while the server runs",
    backup_state,
    body=obj({"to": text(description="An absolute path on the server's machine")}),
    codes=(401, 409),
    security=False,
    status=202,
    tag="service",
    desc=control_desc,
    okdesc="Begun",
)
route("get", "/control/backup", "How far the backup is", backup_state, codes=(401,), security=False, tag="service", desc=control_desc)
route("get", "/metrics", "Prometheus metrics", text(), ctype="text/plain", security=False, tag="service")
route("get", "/openapi.json", "This document", {"type": "object"}, security=False, tag="service")
doc = {
    "openapi": "3.1.0",
    "info": {
        "title": "PLO, the Project Lifecycle Orchestrator",
        "version": "0.1.0",
        "description": "Source systems push events; PLO derives the state of every client project, raises anomalies before the client feels them, and can prove what was known when. Errors are problem documents (RFC 9457). Reading needs the role viewer, commands operator, rules and users admin.",
    },
    "servers": [{"url": "/"}],
    "security": [{"session": []}, {"bearer": []}],
    "paths": PATHS,
    "components": {
        "securitySchemes": {
            "session": {"type": "apiKey", "in": "cookie", "name": "plo_session", "description": "Set by the login"},
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            "source_key": {"type": "http", "scheme": "bearer", "description": "The source's key"},
        },
        "parameters": {
            "at_least": {
                "name": "at_least",
                "in": "query",
                "schema": integer(minimum=0),
                "description": "Wait up to 5 s until the read models hold this position",
            },
            "idempotency_key": {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": text(minLength=1, maxLength=128, pattern="^[!-~]+$"),
                "description": "Makes a retry safe for 24 hours",
            },
        },
        "schemas": SCHEMAS,
    },
}


def dump(x, ind=0, width=150):
    flat = json.dumps(x, ensure_ascii=False, separators=(", ", ": "))
    if len(flat) + ind <= width or not isinstance(x, (dict, list)) or not x:
        return flat
    pad = " " * (ind + 2)
    if isinstance(x, dict):
        return "{\n" + ",\n".join(pad + json.dumps(k) + ": " + dump(v, ind + 2, width) for k, v in x.items()) + "\n" + " " * ind + "}"
    return "[\n" + ",\n".join(pad + dump(v, ind + 2, width) for v in x) + "\n" + " " * ind + "]"


TARGET = pathlib.Path(__file__).with_name("openapi.json")

if __name__ == "__main__":
    written = dump(doc) + "\n"
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != written:
            sys.exit("docs/openapi.json is not what docs/openapi.py writes: run it")
    else:
        TARGET.write_text(written)
