"""The loop once on data/hard.jsonl as if it were a station's: one half answered and learnt, the other half judged.

``python -m bench.loop`` writes results/loop.json. Near-duplicates never stand in both halves; the corpus is the shipped one.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from tousu.resources import data_root
from tousu_training.corpus import read_rows
from tousu_training.loop.answers import Answered, Answers, part
from tousu_training.loop.run import LoopOptions, run_loop

RESULTS = Path(__file__).resolve().parent / "results" / "loop.json"
SHOWN = ("accuracy", "auto_precision", "auto_coverage")


def main() -> int:
    """Run it; print the figures."""
    rows = read_rows([data_root() / "data" / "hard.jsonl"])
    halves = part(Answers([Answered(row, by="A") for row in rows], len(rows), []), [], hold_out=0.5)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tousu-loop-") as home:
        answers, acceptance = Path(home) / "answers.jsonl", Path(home) / "acceptance.jsonl"
        for path, half in ((answers, halves.train), (acceptance, halves.held_out)):
            lines = ({"text": row.text, "codes": list(row.codes), "online": row.online} for row in half)
            path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
        options = LoopOptions(answers=[answers], gate_rows=[acceptance], out=Path(home) / "model", hold_out=0.0)
        verdict = run_loop(options, progress=lambda step, done, total: print(f"{step} {done}/{total}", file=sys.stderr))
    verdict = {key: verdict[key] for key in ("passed", "reasons", "notes", "old", "new", "sets", "answers")}
    verdict["seconds"] = round(time.monotonic() - begun, 1)
    RESULTS.write_text(json.dumps(verdict, ensure_ascii=False, indent=1) + "\n", "utf-8")
    for each in verdict["sets"]:
        print(each["name"], each["rows"], f"lost {each['lost']} gained {each['gained']}", each["difference"])
        for key in SHOWN:
            print(" ", key, each["old"][key], "->", each["new"][key])
    print(verdict["passed"], verdict["reasons"], verdict["notes"], verdict["seconds"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
