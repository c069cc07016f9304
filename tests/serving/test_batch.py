"""Files of answers: right, complete, or not there at all."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pedigree.data.raw import table_of_images
from pedigree.errors import PedigreeError, RefusedError, WrongUseError
from pedigree.serving import chunks
from pedigree.serving.batch import predict_file
from pedigree.serving.version import ServedVersion

ROWS = "Cloud,Rain,Temp,Wind\n1,No,1.5,N\n9,,NA,NA\n3, ,,Q\n"
LABELS = ["dry", "wet", "wet"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(ROWS, "utf-8")
    return path


def test_a_csv_is_answered(weather: ServedVersion, source: Path) -> None:
    target = source.with_name("out.csv")
    done: list[float] = []
    assert predict_file(weather, source, target, progress=done.append) == 3
    assert target.read_text() == (
        "label,probability_dry,probability_wet\ndry,1.0,0.0\nwet,0.0,1.0\nwet,0.0,1.0\n"
    )
    assert done[-1] == 1


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_each_kind_of_file_gives_the_same(
    weather: ServedVersion, source: Path, suffix: str
) -> None:
    path = source.with_name(f"other{suffix}")
    if suffix == ".parquet":
        clouds = pa.array([1, 9, 3], pa.int32())
        table = pa.table({"Temp": [1.5, None, None], "Cloud": clouds})
        pq.write_table(table, path)
    else:
        content = source.read_bytes()
        path.write_bytes(gzip.compress(content) if suffix == ".csv.gz" else content)
    target = source.with_name("out.parquet")
    predict_file(weather, path, target)
    assert pd.read_parquet(target)["label"].tolist() == LABELS


def test_chunks_change_nothing(
    weather: ServedVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "Temp": random.normal(size=200).round(2),
            "Wind": random.choice(["N", "S", 'a "quoted",\nname'], 200),
            "Cloud": random.integers(0, 9, 200),
        }
    )
    frame.to_csv(tmp_path / "in.csv", index=False)
    frame.to_parquet(tmp_path / "in.parquet")
    contents = set()
    for at_once in (7, 100, 10**6):
        monkeypatch.setattr(chunks, "ROWS_AT_ONCE", at_once)
        for name in ("in.csv", "in.parquet"):
            predict_file(weather, tmp_path / name, tmp_path / "out.csv", keep=["Wind"])
            contents.add((tmp_path / "out.csv").read_bytes())
    assert len(contents) == 1
    answers = pd.read_csv(tmp_path / "out.csv")
    assert answers["Wind"].equals(frame["Wind"])
    assert (answers["label"] == np.where(frame["Cloud"] > 2, "wet", "dry")).all()


def test_columns_are_kept_and_chosen(weather: ServedVersion, source: Path) -> None:
    target = source.with_name("out.csv")
    predict_file(weather, source, target, keep=["Wind", "Rain"])
    kept = target.read_text().splitlines()[:3]
    assert kept[0] == "Wind,Rain,label,probability_dry,probability_wet"
    assert kept[1:] == ["N,No,dry,1.0,0.0", ",,wet,0.0,1.0"]
    predict_file(weather, source, target, columns=["Label", "Cloud"])
    assert target.read_text() == "Label,Cloud\ndry,1\nwet,9\nwet,3\n"
    for wrong, message in (
        ({"keep": ["Id"]}, "one of IN or of the answers. Received: Id"),
        ({"columns": ["Id", "Label"]}, "Received: Id"),
        ({"keep": ["Wind", "Wind"]}, "Wind twice"),
        ({"keep": ["label"]}, "Received: label"),
    ):
        with pytest.raises(WrongUseError, match=message):
            predict_file(weather, source, target, **wrong)


def test_a_submission(make_images: Callable[[str], ServedVersion], tmp_path: Path):
    """As the ten thousand rows of a competition: an Id, and pixels counted from 0."""
    random = np.random.default_rng(0)
    pixels = random.permuted(np.tile([1, 20, 7, 255], (10_000, 1)), axis=1)
    frame = pd.DataFrame(pixels, columns=[f"pixel{n}" for n in range(4)])
    frame.insert(0, "Id", np.arange(10_000))
    frame.to_csv(tmp_path / "testX.csv", index=False)
    target = tmp_path / "Predicted_Labels_CNN_2.csv"
    columns = ["Id", "Label"]
    predict_file(make_images("classes"), tmp_path / "testX.csv", target, (), columns)
    lines = target.read_text().splitlines()
    assert lines[0] == "Id,Label" and len(lines) == 10_001
    written = pd.read_csv(target)
    assert written["Id"].tolist() == list(range(10_000))
    assert (written["Label"] == pixels.argmax(axis=1)).all()


def test_labels_as_the_raw_data_have_them(
    weather: ServedVersion, source: Path, make_images: Callable[[str], ServedVersion]
) -> None:
    """By the transform that the version descends from."""
    target = source.with_name("out.csv")
    predict_file(weather, source, target, (), ["Label", "Cloud"], values=True)
    assert target.read_text() == "Label,Cloud\nNo,1\nYes,9\nYes,3\n"
    with pytest.raises(WrongUseError, match="whose answers are masks"):
        predict_file(make_images("masks"), source, target, values=True)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("0,0,9,0,7\n5,0,1,0,7\n", "in.csv"),  # as the source: the label last
        ("0,0,9,0\n5,0,1,0\n", "in.csv"),
        ("label,pixel2,pixel1,pixel3,pixel4\n7,0,0,9,0\n7,0,5,1,0\n", "in.csv"),
        ("Rain,a,b,c,d\n7,0,0,9,0\n7,5,0,1,0\n", "in.csv"),
        ("pixel1,pixel2,pixel3,pixel4\n0,0,9,0\n5,0,1,0\n", "in.csv"),
        ("0.0,0, 9.0 ,0\n5,0,1e0,0\n", "in.csv"),
        (None, "in.parquet"),
    ],
)
def test_images(
    make_images: Callable[[str], ServedVersion],
    tmp_path: Path,
    content: str | None,
    name: str,
) -> None:
    source, target = tmp_path / name, tmp_path / "out.csv"
    if content is None:
        pixels = np.array([[0, 0, 9, 0], [5, 0, 1, 0]], np.uint8).reshape(2, 2, 2)
        pq.write_table(table_of_images(pixels, np.array([7, 7])), source)
    else:
        source.write_text(content)
    predict_file(make_images("classes"), source, target)
    assert pd.read_csv(target)["label"].tolist() == [2, 0]
    predict_file(make_images("number"), source, target)
    assert target.read_text() == "prediction\n9.0\n6.0\n"
    predict_file(make_images("input"), source, target)
    assert target.read_text().splitlines()[1] == "0.0,0.0,0.5625,0.0"
    predict_file(make_images("masks"), source, target)
    assert target.read_text() == "pixel1,pixel2,pixel3,pixel4\n0,0,1,0\n1,0,0,0\n"


def test_images_of_any_size(
    make_images: Callable[..., ServedVersion], tmp_path: Path
) -> None:
    version = make_images("classes", "resized_image")
    source, target = tmp_path / "in.parquet", tmp_path / "out.csv"
    large = np.zeros((3, 8, 6), np.uint8)
    large[0, :4, :3] = large[1, :4, 3:] = large[2, 4:, :3] = 255
    pq.write_table(table_of_images(large, None), source)
    predict_file(version, source, target)
    assert pd.read_csv(target)["label"].tolist() == [0, 1, 2]
    with pytest.raises(
        WrongUseError, match=r"image, height, width, channels\. Rec.*p4"
    ):
        (tmp_path / "in.csv").write_text("p1,p2,p3,p4\n0,0,9,0\n")
        predict_file(version, tmp_path / "in.csv", target)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Cloud,Temp\n1,2\n2,warm\n", "Temp must hold numbers. Received: 'warm' in ro"),
        ("Cloud,Temp\n1,2\n2.5,3\n", "Cloud must hold whole numbers.*'2.5' in row 1"),
        ("Cloud,Temp\n1,2\nNA,3\n", "Cloud must have a value in each row.*in row 1"),
        ("Cloud,Temp\n1,2\n2,inf\n", "Temp must hold numbers. Received: inf in row 1"),
        ("Temp\n1\n", "must have the column Cloud. Received: Temp"),
        ("Cloud,Temp\n", "at least one row. Received: none"),
        ("Cloud,Cloud\n1,2\n", "different names. Received: Cloud more than once"),
        (
            "Cloud,Temp\n1,2,3\n",
            "must be a CSV file. Rec.*Expected 2 columns.*are Cloud, T",
        ),
        ("", "must be a CSV file. Received: Empty CSV file"),
        ("x" * 200_000, "must be a CSV file. Received: field larger than field limit"),
        (
            "a,b\n1,2\n",
            "have the columns that .* Received: a, b\nGive.*: Temp, Wind, C",
        ),
    ],
)
def test_bad_files_leave_nothing(
    weather: ServedVersion, source: Path, content: str, message: str
) -> None:
    source.write_text(content)
    target = source.with_name("out.csv")
    target.write_text("an older one")
    with pytest.raises(PedigreeError, match=f"(?s){message}"):
        predict_file(weather, source, target)
    assert target.read_text() == "an older one"
    assert {path.name for path in source.parent.iterdir()} == {"in.csv", "out.csv"}


def test_a_row_is_counted_from_the_beginning_of_the_file(
    weather: ServedVersion, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 10)
    source.write_text("Cloud\n" + "1\n" * 123 + "x\n")
    with pytest.raises(RefusedError, match="'x' in row 123"):
        predict_file(weather, source, source.with_name("out.csv"))
    assert not source.with_name("out.csv").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0,0,9,256\n", "pixel4 must hold whole numbers in 0..255.*'256' in row 0"),
        ("0,0,9,0.5\n", r"pixel4 must hold .* Received: '0\.5' in row 0"),
        ("0,0,9,1\n0,,9,1\n", "pixel2 must hold .* Received: None in row 1"),
        ("a,b,c\n1,2,3\n", "4 columns of pixels, pixel1 and so on. Received: 0, and 3"),
    ],
)
def test_bad_images(
    make_images: Callable[[str], ServedVersion],
    tmp_path: Path,
    content: str,
    message: str,
) -> None:
    (tmp_path / "in.csv").write_text(content)
    with pytest.raises(RefusedError, match=message):
        predict_file(
            make_images("classes"), tmp_path / "in.csv", tmp_path / "out.parquet"
        )
    assert not (tmp_path / "out.parquet").exists()


def test_an_error_of_any_kind_leaves_nothing(
    weather: ServedVersion, source: Path
) -> None:
    def fail(_: np.ndarray) -> np.ndarray:
        raise KeyboardInterrupt

    broken = replace(weather, model=replace(weather.model, predictor=fail))
    for name in ("out.csv", "out.parquet"):
        with pytest.raises(KeyboardInterrupt):
            predict_file(broken, source, source.with_name(name))
    assert [path.name for path in source.parent.iterdir()] == ["in.csv"]


def test_a_file_that_cannot_be(weather: ServedVersion, source: Path) -> None:
    for target in ("out.txt", "nowhere/out.csv"):
        with pytest.raises(WrongUseError, match=target):
            predict_file(weather, source, source.parent / target)
    for name in ("in.txt", "none.csv"):
        if name == "in.txt":
            source.rename(source.with_name(name))
        with pytest.raises(WrongUseError, match=name):
            predict_file(weather, source.with_name(name), source.with_name("out.csv"))
    (source.parent / "no.parquet").write_text("x")
    with pytest.raises(WrongUseError, match="must be a Parquet file"):
        predict_file(weather, source.with_name("no.parquet"), source.with_name("o.csv"))


def test_an_unusable_header_is_read_as_that_of_the_source(
    weather: ServedVersion, source: Path
) -> None:
    names = ("Temp", "Wind", "Cloud", "Rain")
    table = weather.table.model_copy(update={"columns": names, "skip_rows": 1})
    source.write_text("3,4,dry,wet\n1.5,N,9,wet\nNA,S,1,dry\n")
    target = source.with_name("out.csv")
    predict_file(replace(weather, table=table), source, target, columns=["label"])
    assert target.read_text() == "label\nwet\ndry\n"


def test_kept_columns_have_the_types_of_the_input(
    weather: ServedVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    first = 2**60 + 1  # more digits than a double has
    kept = pa.table(
        {
            "Id": [first, None, first + 2, first + 3],
            "Valid": pa.array([None, None, True, False]),
            "Note": pa.array([None, None, "x", "y"]),
            "Day": pa.array([0, None, 2, 3], pa.date32()),
        }
    )
    clouds = pa.array([1, 9, 3, 2])
    pq.write_table(kept.append_column("Cloud", clouds), tmp_path / "in.parquet")
    for name in ("out.parquet", "out.csv"):
        predict_file(
            weather, tmp_path / "in.parquet", tmp_path / name, kept.column_names
        )
    answered = pq.read_table(tmp_path / "out.parquet")
    assert answered.select(kept.column_names).equals(kept)
    assert (tmp_path / "out.csv").read_text().splitlines()[1:3] == [
        f"{first},,,1970-01-01,dry,1.0,0.0",
        ",,,,wet,0.0,1.0",
    ]


def test_the_input_is_not_written_over(weather: ServedVersion, source: Path) -> None:
    link = source.with_name("link.csv")
    link.symlink_to(source)
    for target in (source, link):
        with pytest.raises(WrongUseError, match="must be another file than IN"):
            predict_file(weather, source, target)
    assert source.read_text() == ROWS


def test_columns_that_are_filled_are_named(
    weather: ServedVersion, source: Path
) -> None:
    told: list[str] = []
    target = source.with_name("out.csv")
    predict_file(weather, source, target, notice=told.append)
    assert not told
    source.write_text("Cloud\n1\n")
    predict_file(weather, source, target, notice=told.append)
    assert len(told) == 1 and "in.csv lacks Temp, Wind: filled" in told[0]


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (pa.array(["9.0", " 9"], pa.large_string()), None),
        (pa.array(["9", "9"]).dictionary_encode(), None),
        (pa.array([9.0, 9.0]), None),
        (pa.array(["9", "1_0"]), "'1_0' in row 1"),  # a number to Python
        (pa.array([9, float("nan")]), "nan in row 1"),
        (pa.array([[9], [9]]), r"\[9\] in row 0"),
        (pa.array([True, False]), "type bool"),
    ],
)
def test_pixels_of_any_type(
    make_images: Callable[[str], ServedVersion],
    tmp_path: Path,
    pixels: pa.Array,
    message: str | None,
) -> None:
    others = {f"pixel{n}": [0, 0] for n in (1, 2, 3)}
    source, target = tmp_path / "in.parquet", tmp_path / "out.csv"
    pq.write_table(pa.table({**others, "pixel4": pixels}), source)
    if message:
        with pytest.raises(RefusedError, match=f"pixel4 must .* Received: .*{message}"):
            predict_file(make_images("number"), source, target)
        return
    predict_file(make_images("number"), source, target)
    assert target.read_text() == "prediction\n9.0\n9.0\n"


def test_parquet_that_is_of_no_use(weather: ServedVersion, tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.csv"
    clouds = pa.array([1, 9])
    twice = pa.Table.from_arrays([clouds, clouds], names=["Cloud", "Cloud"])
    for table, message in (
        (twice, "different names. Received: Cloud more than once"),
        (pa.table({"Cloud": [True, False]}), "Cloud must hold numbers .*: .* bool"),
        (pa.table({"Cloud": clouds, "Wind": [True, None]}), "Wind must hold"),
    ):
        pq.write_table(table, source)
        with pytest.raises(PedigreeError, match=message):
            predict_file(weather, source, target)
    assert not target.exists()


@pytest.mark.parametrize("transform", ["image", "resized_image"])
@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("height", pa.array(["2", "2"]), "whole numbers. Received: .* type string"),
        ("width", pa.array([2.0, 2.0]), "whole numbers. Received: .* type double"),
        ("channels", pa.array([1, None]), "numbers above 0. Received: None in row 1"),
        ("height", pa.array([2, -2]), "numbers above 0. Received: -2 in row 1"),
        ("image", pa.array(["abcd", "abcd"]), "bytes. Received: .* type string"),
    ],
)
def test_parquet_that_holds_no_images(
    make_images: Callable[..., ServedVersion],
    tmp_path: Path,
    transform: str,
    column: str,
    values: pa.Array,
    message: str,
) -> None:
    images = table_of_images(np.zeros((2, 2, 2), np.uint8), None)
    place = images.column_names.index(column)
    pq.write_table(images.set_column(place, column, values), tmp_path / "in.parquet")
    with pytest.raises(
        RefusedError, match=f"the column {column} must hold .*{message}"
    ):
        predict_file(
            make_images("classes", transform),
            tmp_path / "in.parquet",
            tmp_path / "out.csv",
        )
