"""The description is true: schemathesis finds no 5xx and no answer that is not described."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import new_key
from tests.harness.server import ROOT


def test_schemathesis(serve, tmp_path):
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    with serve() as server:
        key = new_key(server, "classify", "correct", "admin")
        run = [
            str(Path(sys.executable).with_name("st")), "run", f"http://127.0.0.1:{server.port}/openapi.json",
            "--header", f"Authorization: Bearer {key}", "--checks", checks, "--phases", "examples,coverage,fuzzing",
            "--max-examples", "20", "--seed", "1", "--no-color", "--suppress-health-check", "all",
        ]  # fmt: skip
        env = os.environ | {"SCHEMATHESIS_HOOKS": "tests.e2e.st_hooks", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_every_operation_has_a_chinese_example(web):
    api = web.get("/openapi.json").json()
    schemas = api["components"]["schemas"]
    for path, methods in api["paths"].items():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = schemas.get(content["schema"].get("$ref", "").rsplit("/", 1)[-1], {})
                assert content.get("example") or schema.get("examples"), path
    assert "面包" in str(schemas["ClassifyRequest"]["examples"])
    assert web.get("/openapi.json").text.count("http://") == 0


def test_generators_find_short_ascii_names_and_every_refusal(web, root):
    api = web.get("/openapi.json").json()
    operations = [operation for methods in api["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name.isidentifier() and len(name) <= 20 for name in names)
    assert all(name.isascii() for name in api["components"]["securitySchemes"])
    assert api["components"]["securitySchemes"]["HeaderKey"] == {
        "type": "apiKey", "in": "header", "name": "X-API-Key",
        "description": api["components"]["securitySchemes"]["HeaderKey"]["description"],
    }  # fmt: skip
    assert api["servers"] == [{"url": "/"}]
    open_to_all = {operation["operationId"] for operation in operations if "security" not in operation}
    assert open_to_all == {"healthz", "readyz"}
    page = (root / "docs" / "api.md").read_text("utf-8")
    for operation in operations:
        assert {"400", "401", "421", "429", "431", "500", "503"} <= set(operation["responses"])
    for status, told in operations[0]["responses"].items():
        if status.startswith(("4", "5")):
            codes = re.findall(r"[a-z_]{4,}", told["description"].rpartition("：")[2])
            assert codes, status
            assert all(f"`{code}`" in page for code in codes), codes
