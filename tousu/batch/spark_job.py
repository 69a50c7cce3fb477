"""The Spark job as a script: ``spark-submit tousu/batch/spark_job.py INPUT OUTPUT`` or ``python -m tousu.batch.spark_job``.

A script of its own, so that the executors find ``tousu.batch.spark`` under its name.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run the job; return the exit code."""
    from tousu.batch.options import TagOptions
    from tousu.batch.spark import tag_with_spark
    from tousu.classifier import Classifier
    from tousu.errors import TousuError
    from tousu.resources import shipped_path

    told = parser().parse_args(arguments)
    options = TagOptions(text_columns=tuple(told.text_column), language=told.columns, evidence=not told.no_evidence)
    try:
        conf = dict(pair.split("=", 1) for pair in told.conf)
        model = told.model or shipped_path()
        classifier = Classifier.load(model)
        summary = tag_with_spark(
            told.input, told.output, classifier, options, model=model, master=told.master, conf=conf
        )  # fmt: skip
    except TousuError as error:
        sys.stderr.write(f"错误 ({error.code}) {error}\n")
        return 1
    sys.stdout.write(json.dumps(summary.to_dict(), ensure_ascii=False) + "\n")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return what reads the arguments."""
    made = argparse.ArgumentParser(description="用 Spark 给 Parquet 文件或 Hive 表里的投诉打标签，最后印出 JSON 统计。")
    made.add_argument("input", help="Parquet 路径，或 table:库.表")
    made.add_argument("output", help="写到哪里：还不存在的 Parquet 目录，或 table:库.表")
    made.add_argument("--master", help="Spark 的 master；用 spark-submit 时不写")
    made.add_argument("--model", type=Path, help="模型目录；不写用随附的")
    made.add_argument("--text-column", action="append", default=[], help="内容列，可写多次；不写自动判断")
    made.add_argument("--columns", choices=("zh", "en"), help="新增列的语言；不写为 en")
    made.add_argument("--no-evidence", action="store_true", help="不加依据词句")
    made.add_argument("--conf", action="append", default=[], metavar="键=值", help="Spark 设置，可写多次")
    return made


if __name__ == "__main__":
    raise SystemExit(main())
