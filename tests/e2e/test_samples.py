"""The samples of docs/samples run as they stand, each where its language is; one that is not here is skipped."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.harness.server import ROOT

SAMPLES = ROOT / "docs" / "samples"
RUNS = {
    "Tousu.java": ["java"], "tousu.mjs": ["node"], "tousu.go": ["go", "run"], "tousu.php": ["php"],
    "Tousu.cs": ["dotnet", "run"], "tousu.ps1": ["pwsh"],
}  # fmt: skip


def test_every_sample_is_run():
    assert {path.name for path in SAMPLES.iterdir()} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_a_sample_tags_and_corrects(service, name, tmp_path):
    program, *words = RUNS[name]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not here")
    sample = shutil.copy(SAMPLES / name, tmp_path)
    command = [program, *words, sample, f"http://127.0.0.1:{service.port}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    answers = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert {answer.get("primary") or answer["codes"][0] for answer in answers} == {"elevator"}
    assert sum("text" in answer for answer in answers) == 1


def test_java_s_own_client_loses_no_body(service, tmp_path):
    """With its default settings it offers to speak HTTP/2 with every request until told otherwise."""
    if shutil.which("java") is None:
        pytest.skip("java is not here")
    program = tmp_path / "Twenty.java"
    program.write_text(
        """
import java.net.URI;
import java.net.http.*;
public class Twenty {
    public static void main(String[] args) throws Exception {
        for (int n = 0; n < 20; n++) {
            var body = HttpRequest.BodyPublishers.ofString("{\\"text\\": \\"电梯困人" + n + "\\"}");
            var request = HttpRequest.newBuilder(URI.create(args[0])).header("Content-Type", "application/json").POST(body);
            var answer = HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode());
        }
    }
}
""",
        "utf-8",
    )
    address = f"http://127.0.0.1:{service.port}/v1/classify"
    done = subprocess.run(["java", program, address], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.split() == ["200"] * 20, done.stderr


def test_curl_with_http2_loses_no_body(service):
    if shutil.which("curl") is None:
        pytest.skip("curl is not here")
    address = f"http://127.0.0.1:{service.port}/v1/classify"
    command = [
        "curl",
        "-s",
        "--http2",
        "--noproxy",
        "*",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"text": "电梯困人"}',
    ]
    done = subprocess.run([*command, address], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["primary"] == "elevator"
