"""The Spark job: two executors, Parquet and Hive tables, the tags of the local engine."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.backlog import make_backlog
from tousu.batch.added import FlatColumns
from tousu.batch.arrow import tag_rows
from tousu.batch.options import TagOptions
from tousu.batch.rejects import NO_TEXT, NOT_TEXT, text_of
from tousu.batch.tag import tag_file
from tousu.classifier import Classifier

if TYPE_CHECKING:
    from pathlib import Path

needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or not shutil.which("java"),
    reason="pyspark 或 Java 不在这台机器上：Spark 作业没有测试",
)
ODD = [None, "", "  \n", "商" * 1_000_001, 12, "电梯困人", "\ud800孤立代理"]


@pytest.fixture(scope="module")
def model(small_model: Path) -> Classifier:
    return Classifier.load(small_model)


def run_job(*arguments: str | Path, cwd: Path) -> dict:
    command = [sys.executable, "-m", "tousu.batch.spark_job", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_rows_without_a_text_get_no_tag_but_a_reason(model):
    columns = tag_rows(model, [ODD], "zh", evidence=True).columns
    assert [error is None for error in columns["error"]] == [False] * 5 + [True] * 2
    assert [code is None for code in columns["primary"]] == [True] * 5 + [False] * 2
    assert set(map(len, columns.values())) == {len(ODD)}


def test_no_rows_are_no_rows(model):
    assert set(map(len, tag_rows(model, [[]], "en", evidence=True).columns.values())) == {0}


def test_several_columns_are_one_text_with_a_line_each():
    assert [text_of(row) for row in (("a", "b"), (None, "c"))] == [("a\nb", None), ("c", None)]
    assert [text_of(row) for row in (("", " "), (None,), (1,))] == [("", NO_TEXT), ("", NO_TEXT), ("", NOT_TEXT)]


@needs_spark
@pytest.mark.slow
def test_two_executors_give_the_tags_of_the_local_engine(root, small_model, model, tmp_path):
    rows = make_backlog(root, 600)
    rows[7]["投诉内容"] = None
    rows[8]["投诉内容"] = " "
    source, events = tmp_path / "in", tmp_path / "events"
    source.mkdir()
    events.mkdir()
    for part in range(4):
        pq.write_table(pa.Table.from_pylist(rows[part::4], schema=schema(rows)), source / f"{part}.parquet")

    summary = run_job(
        source, tmp_path / "out", "--model", small_model, "--master", "local-cluster[2,1,1024]",
        "--conf", "spark.eventLog.enabled=true", "--conf", f"spark.eventLog.dir=file://{events}",
        "--conf", "spark.eventLog.compress=false", "--conf", "spark.sql.files.openCostInBytes=134217728",
        "--conf", "spark.scheduler.minRegisteredResourcesRatio=1.0",
        cwd=root,
    )  # fmt: skip

    written = {row["工单编号"]: row for row in pq.read_table(tmp_path / "out").to_pylist()}
    assert summary["rows"] == len(rows) == len(written)
    assert (summary["rejects"], summary["tagged"]) == (2, 598)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema(rows)), tmp_path / "whole.parquet")
    tag_file(str(tmp_path / "whole.parquet"), str(tmp_path / "local.parquet"), model, TagOptions())
    local = pq.read_table(tmp_path / "local.parquet")
    assert [written[row["工单编号"]] for row in rows] == local.to_pylist()
    assert pq.read_table(tmp_path / "out").schema.types == local.schema.types
    assert executors_that_worked(events) == {"0", "1"}


@needs_spark
@pytest.mark.slow
def test_a_hive_table_in_and_another_out(root, small_model, tmp_path):
    script = tmp_path / "hive.py"
    script.write_text(HIVE, "utf-8")
    command = [sys.executable, script, small_model, tmp_path]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["columns"][:2] == ["id", "content"]
    assert said["rows"] == [[1, "电梯困人，物业不修"], [2, None]]
    assert said["summary"]["rejects"] == 1
    assert "已存在" in said["refused"] or "还不存在" in said["refused"]


HIVE = """
import json, sys
from pathlib import Path
sys.path.insert(0, ".")
from tousu.batch.options import TagOptions
from tousu.batch.spark import open_session, tag_with_spark
from tousu.classifier import Classifier
from tousu.errors import FileError
model, place = Path(sys.argv[1]), sys.argv[2]
conf = {
    "spark.sql.warehouse.dir": place + "/warehouse",
    "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={place}/metastore;create=true",
    "spark.driver.extraJavaOptions": f"-Dderby.system.home={place}",
}
session = open_session("local[1]", conf, hive=True)
session.createDataFrame([(1, "电梯困人，物业不修"), (2, None)], "id int, content string").write.saveAsTable("complaints")
run = lambda: tag_with_spark(
    "table:complaints", "table:tagged", Classifier.load(model), TagOptions(), model=model, master="local[1]", conf=conf
)
summary = run().to_dict()
session = open_session("local[1]", conf, hive=True)
table = session.table("tagged").orderBy("id")
rows = [[row["id"], row["content"]] for row in table.collect()]
columns = table.columns
try:
    run()
    refused = ""
except FileError as error:
    refused = str(error)
print(json.dumps({"summary": summary, "columns": columns, "rows": rows, "refused": refused}, ensure_ascii=False))
"""


def schema(rows: list[dict]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in rows[0]])


def executors_that_worked(events: Path) -> set[str]:
    """Return the ids of the executors that ended a task, from Spark's event log."""
    lines = [
        line
        for file in events.rglob("*")
        if file.is_file() and not file.name.startswith(".") and file.stat().st_size
        for line in file.read_text("utf-8").splitlines()
    ]
    ended = [event for event in map(json.loads, lines) if event.get("Event") == "SparkListenerTaskEnd"]
    return {event["Task Info"]["Executor ID"] for event in ended}


def test_the_flat_columns_are_those_of_the_files(model):
    texts = ["电梯困人", "网购的手机是翻新机"]
    here = tag_rows(model, [texts], "zh", evidence=False).columns
    there = FlatColumns("zh").values(model.tag_many(texts), None)
    assert here["amount"] == [None, None]  # a number in a table, an empty cell in a file
    assert there["amount"] == ["", ""]
    same = there.keys() - {"amount", "error"}
    assert {key: here[key] for key in same} == {key: there[key] for key in same}
