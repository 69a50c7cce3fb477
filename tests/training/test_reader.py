"""The careful reading, end to end on a small encoder made here: trained by the command, loaded, asked, broken."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import zipfile

import numpy as np
import pytest

from tests.training.test_train import rows_file
from tousu.batch.reading import load_for
from tousu.classifier import Classifier
from tousu.classifier.reader import files, words
from tousu.errors import Busy, ModelCorrupt, ModelError, ModelMismatch, ModelMissing
from tousu_service.classify.micro_batch import MicroBatcher
from tousu_service.classify.off_loop import OffLoop
from tousu_service.telemetry.metrics import Metrics
from tousu_training.beside import Beside
from tousu_training.corpus import read_rows
from tousu_training.labels import Labels
from tousu_training.reader import hf, joined, together, train, upper

WIDTH, HEADS, LAYERS, INNER = 64, 4, 3, 128


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory, corpus_rows):
    """An encoder of the BERT family with random weights, in the usual layout."""
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("encoder")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    pieces += sorted({char for row in corpus_rows[::40] for char in row.text if not char.isspace()})
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair=None, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    random = np.random.default_rng(5)

    def drawn(*shape):
        return random.normal(0, 0.2, shape).astype(np.float32)

    shapes = {
        "embeddings.word_embeddings.weight": (len(pieces), WIDTH),
        "embeddings.position_embeddings.weight": (32, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }
    linear = {
        "attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER),
    }  # fmt: skip
    tensors = {f"bert.{name}": drawn(*shape) for name, shape in shapes.items()}
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        begin = f"encoder.layer.{layer}."
        norms += [f"{begin}attention.output.LayerNorm", f"{begin}output.LayerNorm"]
        for name, shape in linear.items():
            tensors[f"bert.{begin}{name}.weight"], tensors[f"bert.{begin}{name}.bias"] = drawn(*shape), drawn(shape[0])
    for name in norms:
        tensors[f"bert.{name}.weight"] = np.ones(WIDTH, dtype=np.float32)
        tensors[f"bert.{name}.bias"] = np.zeros(WIDTH, dtype=np.float32)
    save_file(tensors, str(folder / "model.safetensors"))
    config = {
        "model_type": "bert", "hidden_size": WIDTH, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


@pytest.fixture(scope="module")
def read_model(tousu, tiny_encoder, corpus_rows, tmp_path_factory):
    """Two labels of somebody else's, learnt by both readers."""
    place = tmp_path_factory.mktemp("read")
    wanted = {"elevator": "特种设备", "prepaid": "消费"}
    chosen = [row for row in corpus_rows if row.primary in wanted][::10]
    rows = rows_file(
        place / "rows.jsonl",
        [
            {"text": row.text, "codes": [wanted[row.primary]], "series": row.series, "kind": row.kind,
             "signals": list(row.signals or ())}
            for row in chosen
        ],
    )  # fmt: skip
    arguments = (
        "train", "--corpus", rows, "--out", place / "m", "--labels-from-data", "--quick", "--reader",
        "--encoder", tiny_encoder, "--work", place / "work",
    )  # fmt: skip
    done = tousu(*arguments)
    assert done.returncode == 0, done.stderr
    assert "约需" in done.stderr
    assert "精读" in done.stdout
    return place, rows, arguments


TEXTS = ("电梯困人四十分钟，物业不来", "健身卡退卡不给退", "", "a\ud800b", "电梯" * 900, "〇〇 test 123 ﷽")


def test_both_read_and_no_answer_depends_on_company(read_model):
    place, *_ = read_model
    careful, fast = Classifier.load(place / "m", reading="careful"), Classifier.load(place / "m")
    assert careful.reading == "careful"
    assert fast.reading == "fast"
    alone = [careful.tag(text) for text in TEXTS]
    assert alone[0].primary == "特种设备"
    assert alone[1].primary == "消费"
    assert alone[0].model.startswith(fast.version + "+reader-")
    assert list(careful.tag_many(TEXTS)) == alone
    assert list(careful.tag_many(TEXTS[::-1], threads=3))[::-1] == alone
    assert [one.primary for one in fast.tag_many(TEXTS)][:2] == ["特种设备", "消费"]
    assert fast.tag(TEXTS[0]).model == fast.version


def test_the_service_reads_in_its_threads_and_says_when_it_is_full(read_model):
    careful = Classifier.load(read_model[0] / "m", reading="careful")

    class Held:
        def current(self):
            return careful

    async def ask():
        off_loop = OffLoop(1)
        batcher = MicroBatcher(Held(), Metrics(), off_loop)
        told = await asyncio.gather(*(batcher.tag(text) for text in TEXTS))
        with pytest.raises(Busy):
            await asyncio.gather(
                off_loop.run(careful, 200, lambda: time.sleep(0.2)), off_loop.run(careful, 100, lambda: None)
            )
        off_loop.close()
        return told

    assert asyncio.run(ask()) == list(careful.tag_many(TEXTS))


def test_vectors_are_of_unit_length_and_alike_for_the_same_text(read_model):
    place, *_ = read_model
    found = Classifier.load(place / "m").vectors([TEXTS[0], TEXTS[1], TEXTS[0]])
    assert found.shape == (3, WIDTH)
    assert found.dtype == np.float32
    assert np.allclose((found * found).sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])
    assert Classifier.load(place / "m").vectors([]).shape == (0, WIDTH)


def test_the_command_reads_carefully_and_says_who_read(tousu, read_model, tmp_path):
    place, rows, _ = read_model
    done = tousu("tag", rows, tmp_path / "out.jsonl", "--model", place / "m", "--reading", "careful", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "out.jsonl").read_text("utf-8").splitlines()[0])["tagging"]
    assert "+reader-" in told["model"]
    done = tousu("tag", rows, tmp_path / "fast.jsonl", "--model", place / "m")
    assert "+reader-" not in (tmp_path / "fast.jsonl").read_text("utf-8").splitlines()[0]


def test_a_small_file_is_read_carefully_where_nobody_says_how(read_model, small_model, tmp_path):
    place, *_ = read_model
    few, many = tmp_path / "few.txt", tmp_path / "many.txt"
    few.write_text("电梯困人\n", "utf-8")
    many.write_text("电梯困人\n" * 10_000, "utf-8")
    found, note = load_for(str(few), place / "m", None)
    assert (found.reading, "精读" in note) == ("careful", True)
    packed = [
        tmp_path / name for name in ("few.txt.gz", "few.csv.zst", "few.zip", "big.xlsx", "big.parquet", "big.ods")
    ]
    for source in packed:
        source.write_bytes(b" " * 30_000)
    with zipfile.ZipFile(tmp_path / "few.zip", "w") as archive:
        archive.write(few, "few.txt")
    small = tmp_path / "small.xlsx"
    small.write_bytes(b" " * 20_000)
    assert load_for(str(small), place / "m", None)[0].reading == "careful"
    for source in (many, tmp_path, "-", *packed):
        found, note = load_for(str(source), place / "m", None)
        assert (found.reading, "--reading careful" in note) == ("fast", True)
    assert load_for(str(few), small_model, None)[1] == ""
    assert load_for(str(few), place / "m", "fast")[0].reading == "fast"
    shutil.copytree(place / "m", tmp_path / "m")
    (tmp_path / "m" / "reader" / "tags.onnx.gz").write_bytes(b"")
    found, note = load_for(str(few), tmp_path / "m", None)
    assert (found.reading, "tags.onnx.gz" in note) == ("fast", True)


def test_a_stopped_training_goes_on_and_a_newer_model_keeps_its_reader(tousu, read_model, tmp_path):
    place, rows, arguments = read_model
    shutil.copytree(place / "m", tmp_path / "m")
    again = (*arguments[:4], tmp_path / "m", *arguments[5:])
    before = (tmp_path / "m" / "reader" / "manifest.json").read_bytes()
    done = tousu(*again)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m" / "reader" / "manifest.json").read_bytes() == before
    grown = tmp_path / "grown.jsonl"
    more = [{"text": f"电梯按第{n}号按钮没有反应", "codes": ["特种设备"], "series": f"新{n}"} for n in range(5)]
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in more]
    grown.write_text(rows.read_text("utf-8") + "".join(lines), "utf-8")
    done = tousu("train", "--corpus", grown, "--out", tmp_path / "m", "--labels-from-data", "--quick")
    assert done.returncode == 0, done.stderr
    assert "精读" in done.stdout
    Classifier.load(tmp_path / "m", reading="careful").tag(TEXTS[0])
    domains = tuple(files.load(tmp_path / "m" / "reader").manifest["domains"])
    kept = read_rows([rows], codes=domains)
    assert together.carried(tmp_path / "m", kept, domains) is not None
    assert together.carried(tmp_path / "m", kept, domains[::-1]) is None
    assert together.carried(tmp_path / "m", kept[::2], domains) is None  # too few to judge both readings by
    told = []
    Beside(
        tmp_path / "m", kept, Labels(domains[::-1], domains[0]), None, wanted=False, quick=True, work=None,
        progress=lambda step, done, size: told.append(step),
    )  # fmt: skip
    assert ["不再附上" in step for step in told] == [True]


def test_the_fold_left_out_lacks_no_domain_and_is_most_like_the_whole():
    folds = np.repeat([0, 1, 2], [4, 6, 6])
    primary = np.array([0, 0, 0, 1, 0, 1, 2, 2, 2, 2, 0, 1, 1, 2, 2, 0])
    assert train.left_out(folds, primary, 3) == 2
    assert train.left_out(folds, np.zeros(16, dtype=np.int64), 1) == 0


def test_a_longer_run_keeps_the_pace_of_a_shorter_one_until_that_slows_down():
    short, long = (upper.paces(upper.TuneSettings(warm=10, decay=0.4), steps) for steps in (100, 200))
    assert short[0] == 0
    assert short[10:60].tolist() == long[10:60].tolist() == [1.0] * 50
    assert np.all(np.diff(short[60:]) < 0)
    assert 0 < short[-1] < 0.05


def test_what_was_said_of_the_rows_held_out_is_kept_and_both_readings_are_judged_by_it(read_model):
    place, rows, _ = read_model
    found = files.load(place / "m" / "reader")
    count = len(rows.read_text("utf-8").splitlines())
    held = len(found.arrays["held_out"])
    assert 0 < held <= count // 2
    assert found.manifest["metrics"]["rows"] == found.manifest["metrics_fast"]["rows"] == held


def test_kinds_and_signals_are_read_by_both_and_a_reader_without_them_leaves_them_to_the_n_grams(read_model, tmp_path):
    place, *_ = read_model
    found = files.load(place / "m" / "reader")
    assert found.arrays["held_out"].shape[1] == 2 + 1 + files.FURTHER
    assert {"kind_accuracy", "signals"} <= found.manifest["metrics"].keys() & found.manifest["metrics_fast"].keys()
    shutil.copytree(place / "m", tmp_path / "m")
    told = {
        name: value for name, value in found.manifest.items() if name not in ("protocol", "version", "files", "release")
    }

    def read_by(**changed):
        arrays = {name: array for name, array in (found.arrays | changed).items() if array is not None}
        files.save(tmp_path / "m" / "reader", told, arrays, found.contents)
        return Classifier.load(tmp_path / "m", reading="careful").tag_many(list(TEXTS))

    fast = Classifier.load(place / "m").tag_many(list(TEXTS))
    both = read_by(head_shares=np.full(files.FURTHER, 0.5))
    assert not np.array_equal(both.cases.kind_logits, fast.cases.kind_logits)
    older = read_by(**dict.fromkeys(files.HEAD_SHAPES), held_out=found.arrays["held_out"][:, :3])
    for column in ("kinds", "signals", "kind_logits"):
        assert np.array_equal(getattr(older.cases, column), getattr(fast.cases, column))
    assert np.array_equal(older.probabilities, both.probabilities)
    with pytest.raises(ModelCorrupt, match="held_out"):
        read_by(**dict.fromkeys(files.HEAD_SHAPES))
    with pytest.raises(ModelCorrupt, match="head_shares"):
        read_by(head_shares=np.zeros(3))


def test_a_weight_is_looked_for_where_labels_are_likeliest():
    random = np.random.default_rng(3)
    truth = random.random(400) < 0.5
    sure, blind = np.where(truth, 1.0, -1.0) + random.normal(0, 1, 400), random.normal(0, 1, 400)
    assert joined._of_yes_or_no(blind * 0, sure, truth) > 0.5
    assert joined._of_yes_or_no(sure, blind, truth) <= 0.2
    columns = np.stack([-sure, sure], axis=1)
    assert joined._of_one_among(np.zeros((400, 2)), columns, truth.astype(int)) > 0.5


def test_what_is_broken_or_another_models_is_refused(read_model, tmp_path):
    place, *_ = read_model
    shutil.copytree(place / "m", tmp_path / "m")
    file = tmp_path / "m" / "reader" / "lower.onnx.gz"
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelCorrupt, match="lower.onnx.gz"):
        Classifier.load(tmp_path / "m", reading="careful")
    manifest = tmp_path / "m" / "reader" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"tokens": 32', '"tokens": 31'), "utf-8")
    with pytest.raises(ModelCorrupt, match="版本号"):
        Classifier.load(tmp_path / "m", reading="careful")
    manifest.write_text("[]", "utf-8")
    with pytest.raises(ModelCorrupt, match="JSON"):
        Classifier.load(tmp_path / "m", reading="careful")
    shutil.rmtree(tmp_path / "m" / "reader")
    with pytest.raises(ModelMissing, match="精读"):
        Classifier.load(tmp_path / "m", reading="careful")
    Classifier.load(tmp_path / "m")


def test_a_reader_made_for_another_model_is_refused(read_model, small_model, tmp_path):
    place, *_ = read_model
    shutil.copytree(small_model, tmp_path / "m")
    shutil.copytree(place / "m" / "reader", tmp_path / "m" / "reader")
    with pytest.raises(ModelMismatch, match="精读"):
        Classifier.load(tmp_path / "m", reading="careful")


def changed(encoder, folder, change):
    """Return a copy of an encoder with another configuration."""
    shutil.copytree(encoder, folder)
    config = json.loads((folder / "config.json").read_text("utf-8")) | change
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model_type": "llama"}, "llama"),
        ({"hidden_act": "relu"}, "relu"),
        ({"hidden_size": 48}, "宽度"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
    ],
)
def test_encoders_of_another_kind_are_refused(tiny_encoder, tmp_path, change, told):
    with pytest.raises(ModelError, match=told):
        hf.load(changed(tiny_encoder, tmp_path / "e", change))


def test_the_command_refuses_an_encoder_before_it_trains(tousu, read_model, tiny_encoder, tmp_path):
    _, rows, _ = read_model
    done = tousu(
        "train", "--corpus", rows, "--out", tmp_path / "m", "--labels-from-data", "--quick", "--reader",
        "--encoder", changed(tiny_encoder, tmp_path / "e", {"model_type": "llama"}),
    )  # fmt: skip
    assert done.returncode == 1
    assert "llama" in done.stderr
    assert not (tmp_path / "m").exists()


def test_embeddings_survive_packing():
    random = np.random.default_rng(2)
    wide = random.normal(0, 1, (7, 64)).astype(np.float32)
    steps, scales = words.pack(wide)
    assert steps.dtype == np.int8
    assert np.abs(words.unpack(steps, scales) - wide).max() < 0.03
    four = ((random.integers(0, 16, (7, 2, 32)) - 8) * np.float16(0.37).astype(np.float32)).astype(np.float32)
    four[..., 0] = -8 * np.float16(0.37).astype(np.float32)
    four[0] = 0
    steps, scales = words.pack(four.reshape(7, 64))
    assert steps.dtype == np.uint8
    assert np.array_equal(words.embed(steps, scales, [3, 0]), four.reshape(7, 64)[[3, 0]])
