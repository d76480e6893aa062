"""Every answer that a black-box test gets is held against the OpenAPI document: its status must be described, and its body must match."""
import collections
import gzip
import json
import pathlib
import re

import jsonschema

DOCUMENT = json.loads((pathlib.Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
CHECKED_EACH = 25  # answers of one route and status that are looked at in full; after that every 50th, so that long lists stay quick


def _pattern(path):
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"({\w+})", path)) + "$")


class _Described:
    def __init__(self):
        # Paths without parameters win over those with.
        self.paths = sorted(((_pattern(path), path) for path in DOCUMENT["paths"]), key=lambda each: each[1].count("{"))
        self.validators, self.seen = {}, collections.Counter()

    def validator(self, schema):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            whole = {**schema, "components": DOCUMENT["components"]}
            self.validators[key] = jsonschema.Draft202012Validator(whole)
        return self.validators[key]

    def check(self, method, target, answer):
        path = target.partition("?")[0]
        found = next((template for pattern, template in self.paths if pattern.match(path)), None)
        operation = DOCUMENT["paths"].get(found, {}).get(method.lower())
        if operation is None:
            return  # not a route: 404, 405 and the like
        status = str(answer.status)
        if status in ("431", "500") or (status == "400" and not answer.headers.get("Content-Type", "").startswith("application/json")):
            return  # requests that are not HTTP
        described = operation["responses"].get(status)
        assert described is not None, f"{method} {found} answers {status}, which docs/openapi.json does not describe: {answer}"
        self.seen[method, found, status] += 1
        count = self.seen[method, found, status]
        if count > CHECKED_EACH and count % 50:
            return
        media_type = answer.headers.get("Content-Type", "").split(";")[0].strip()
        content = described.get("content")
        if not content or not answer.body:
            return
        assert media_type in content, f"{method} {found} {status} is {media_type}, described are {list(content)}"
        if media_type not in ("application/json", "application/problem+json"):
            return
        body = gzip.decompress(answer.body) if answer.headers.get("Content-Encoding") == "gzip" else answer.body
        errors = list(self.validator(content[media_type]["schema"]).iter_errors(json.loads(body)))
        assert not errors, f"{method} {found} {status} is not as described at {list(errors[0].absolute_path)}: {errors[0].message[:500]}"


_described = _Described()
check = _described.check
