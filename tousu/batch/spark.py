"""Past one machine: the same tagging as a PySpark job over Parquet files or Hive tables.

Rows go through ``mapInArrow``; the model goes to each executor once, as an archive, and is loaded once in
each of its Python processes. ``pyspark`` is the optional extra ``spark``; it needs Java 17 or later.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from tousu.batch.arrow import added_arrays, added_fields, tag_rows
from tousu.batch.options import TagSummary, Tally
from tousu.errors import FileError, ModelMismatch, SettingsError
from tousu.files.added_columns import ADDED, DECISIONS, ONLINE, added_names
from tousu.files.columns import choose_text_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from tousu.batch.options import TagOptions
    from tousu.classifier import Classifier
    from tousu.files.added_columns import Language

TABLE = "table:"
SAMPLE = 200
LOCAL = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false"}


def tag_with_spark(
    source: str, output: str, classifier: Classifier, options: TagOptions, *,
    model: Path, master: str | None = None, conf: Mapping[str, str] | None = None,
) -> TagSummary:  # fmt: skip
    """Tag Parquet files or a Hive table with Spark and write the result as one of them.

    Args:
        source: Path of Parquet files, any that the cluster reads, or ``table:`` and a table's name.
        output: Where to write, in the same two ways; must not exist yet.
        classifier: The model, as loaded here.
        options: How; encodings and resuming do not apply.
        model: The directory ``classifier`` was loaded from.
        master: Spark's master; None under ``spark-submit``, which tells it.
        conf: Settings of Spark.

    Raises:
        SettingsError: PySpark or Java is missing.
        FileError: The source cannot be read, or the output exists.
        ColumnMissing: No column holds the texts.
    """
    began = time.monotonic()
    summary = TagSummary(source, output, classifier.version)
    session = open_session(master, conf or {}, hive=TABLE in (source[: len(TABLE)], output[: len(TABLE)]))
    try:
        tagged, notes = tag_table(_read(session, source), classifier, options, model=model)
        summary.notes += notes
        _write(tagged, output)
        summary.tally = _count(_read(session, output), options.language or "en")
    finally:
        session.stop()
    summary.seconds = time.monotonic() - began
    return summary


def tag_table(
    frame: DataFrame, classifier: Classifier, options: TagOptions, *, model: Path
) -> tuple[DataFrame, list[str]]:
    """Return a table with the added columns behind its own, and what was settled, in Chinese.

    Args:
        frame: The table, rows in any number of partitions; its columns stay as they are.
        classifier: The model, as loaded here; the executors refuse to work with another.
        options: How.
        model: The directory ``classifier`` was loaded from.

    Raises:
        ColumnMissing: No column holds the texts.
    """
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    language: Language = options.language or "en"
    sample = [tuple(row) for row in frame.limit(SAMPLE).collect()]
    places, said = choose_text_columns(frame.columns, sample, options.text_columns, file="表")
    names, notes = added_names(frame.columns, language)
    added = [StructField(field.name, from_arrow_type(field.type)) for field in added_fields(names, language)]
    ship = _ship(frame.sparkSession, classifier.version, model)
    tagger = _tagger(ship, classifier.version, tuple(places), names, language, evidence=options.evidence)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        tagged = frame.mapInArrow(tagger, StructType([*frame.schema.fields, *added]))
    return tagged, [said, *notes]


def open_session(master: str | None, conf: Mapping[str, str], *, hive: bool = False) -> SparkSession:
    """Return a running Spark session.

    Raises:
        SettingsError: PySpark or Java is missing.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SettingsError(
            "没有安装 pyspark", fix="在源码目录里运行 .venv/bin/pip install -e '.[spark]'；不联网的机器见 docs/spark.md"
        ) from error
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise SettingsError("没有找到 Java", expected="Java 17 或更高", fix="安装 Java，或设置 JAVA_HOME")
    settings = dict(conf)
    builder = SparkSession.builder.appName("tousu tag")
    if master:
        builder = builder.master(master)
        if master.startswith("local"):
            settings = LOCAL | settings
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for key, value in settings.items():
        builder = builder.config(key, value)
    session: SparkSession = (builder.enableHiveSupport() if hive else builder).getOrCreate()
    return session


def _ship(session: SparkSession, version: str, model: Path) -> str:
    """Hand the model to every executor, now and to come, under the name returned; once for each session."""
    name = f"tousu-model-{version}"
    if not any(name in archive for archive in session.sparkContext.listArchives):
        folder = tempfile.mkdtemp(prefix="tousu-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # Spark serves it from here until it ends
        packed = shutil.make_archive(str(Path(folder) / name), "zip", model)
        session.sparkContext.addArchive(f"{packed}#{name}")
    return name


@functools.cache
def _shipped(name: str, version: str) -> Classifier:
    """Load the model that was shipped under ``name``; once in each Python process of an executor.

    Raises:
        ModelMismatch: It is another than the driver's.
    """
    from pyspark import SparkFiles

    from tousu.classifier import Classifier

    classifier = Classifier.load(SparkFiles.get(name))
    if classifier.version != version:
        raise ModelMismatch(f"执行器上的模型是 {classifier.version}", expected=version, fix="重新提交作业")
    return classifier


def _tagger(
    ship: str, version: str, places: tuple[int, ...], names: Mapping[str, str], language: Language, *,
    evidence: bool,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:  # fmt: skip
    """Return what runs on the executors: record batches in, the same with the added columns out."""

    def tag(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        classifier = _shipped(ship, version)
        for batch in batches:
            cells = [batch.column(place).to_pylist() for place in places]
            rows = tag_rows(classifier, cells, language, evidence=evidence)
            fields = added_fields(names, language)
            arrays = added_arrays(rows, fields)
            yield pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=pa.schema([*batch.schema, *fields]))

    return tag


def _read(session: SparkSession, name: str) -> DataFrame:
    """Return a table by the name of ``tag_with_spark``.

    Raises:
        FileError: It cannot be read.
    """
    from pyspark.errors import AnalysisException

    try:
        return session.table(name.removeprefix(TABLE)) if name.startswith(TABLE) else session.read.parquet(name)
    except AnalysisException as error:
        raise FileError(f"Spark 读不了 {name}", expected="Parquet 文件或 table:库.表", fix="检查路径或表名") from error


def _write(frame: DataFrame, name: str) -> None:
    """Write a table under a name that is not taken.

    Raises:
        FileError: It is.
    """
    from pyspark.errors import AnalysisException

    writer = frame.write.mode("errorifexists")
    try:
        if name.startswith(TABLE):
            writer.saveAsTable(name.removeprefix(TABLE))
        else:
            writer.parquet(name)
    except AnalysisException as error:
        raise FileError(
            f"Spark 写不了 {name}", expected="还不存在的路径或表", fix="换一个名字，或先移走旧的"
        ) from error


def _count(tagged: DataFrame, language: Language) -> Tally:
    """Count what was written, from its added columns alone."""
    added = list(ADDED[language])
    names = dict(zip(added, tagged.columns[-len(added) :], strict=True))
    tally = Tally()
    keys = ("primary", "decision", "online")
    for primary, decision, online, count in tagged.groupBy([f"`{names[key]}`" for key in keys]).count().collect():
        tally.rows += count
        if primary is None:
            tally.rejects += count
            continue
        tally.domains[primary] += count
        tally.decisions["auto" if decision == DECISIONS[language]["auto"] else "review"] += count
        tally.online += count if online in (True, ONLINE[language][True]) else 0
    return tally
