"""The OpenAPI description turned into what the page of the API shows."""

from __future__ import annotations

import json
from typing import Any

KINDS = {
    "string": "文字", "integer": "整数", "number": "数字", "boolean": "true / false", "array": "数组", "object": "对象",
    "null": "null",
}  # fmt: skip
PLACES = {"query": "网址参数", "header": "请求头", "path": "网址"}


def operations(api: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations in order: where, what for, what goes in, what comes out, an example."""
    return [
        _operation(api, path, method, operation)
        for path, methods in api["paths"].items()
        for method, operation in methods.items()
    ]


def groups(shown: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations by their tag, in the order in which the tags first come."""
    found: dict[str, list[dict[str, Any]]] = {}
    for operation in shown:
        found.setdefault(operation["tag"], []).append(operation)
    return found


def _operation(api: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return one operation for the page."""
    body = operation.get("requestBody", {}).get("content", {})
    kind = next(iter(body), "")
    schema = _resolved(api, body[kind].get("schema", {})) if kind else {}
    done = next((code for code in operation["responses"] if code.startswith("2")), "200")
    answer = _resolved(api, _json_schema(operation["responses"][done]))
    example = body[kind].get("example") if kind else None
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "tag": (operation.get("tags") or ["其他"])[0],
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "kind": kind,
        "parameters": [_parameter(api, item) for item in operation.get("parameters", [])],
        "fields": _fields(api, schema),
        "example": example or _example(schema),
        "answer_fields": _fields(api, answer),
        "answer_example": _example(answer),
        "refusals": {
            code: response["description"] for code, response in operation["responses"].items() if code[0] in "45"
        },
    }


def _json_schema(response: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = response.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _resolved(api: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with a reference at its top followed."""
    if "$ref" in schema:
        found: dict[str, Any] = api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def _fields(api: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of an object for a table."""
    needed = schema.get("required", [])
    return [
        {"name": name, "kind": _kind(api, field), "needed": name in needed, "help": field.get("description", "")}
        for name, field in schema.get("properties", {}).items()
    ]


def _parameter(api: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    schema = item["schema"]
    return {
        "name": item["name"], "kind": f"{PLACES.get(item['in'], '')} · {_kind(api, schema)}",
        "needed": item.get("required", False), "help": item.get("description") or schema.get("description", ""),
    }  # fmt: skip


def _kind(api: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return a field's kind in a few words."""
    if "anyOf" in schema:
        return " 或 ".join(dict.fromkeys(_kind(api, part) for part in schema["anyOf"] if part))
    if "enum" in schema:
        return " / ".join(map(str, schema["enum"]))
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    if schema.get("type") == "array":
        return f"{_kind(api, schema.get('items', {}))} 的数组"
    return KINDS.get(schema.get("type", ""), "任意")


def _example(schema: dict[str, Any]) -> str:
    """Return a schema's first example as readable JSON, empty if it has none."""
    found = schema.get("examples")
    return json.dumps(found[0], ensure_ascii=False, indent=2) if found else ""
