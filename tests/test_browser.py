"""What Chromium shows of a project that has run: MLflow's UI, Data Docs and plots.

Each test leaves a screenshot, `page.png`, in its temporary folder.
"""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from clones import Clone

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DATASET, MLP, MODEL = "breast_cancer", "breast_cancer_mlp", "breast-cancer"
CONVNET = "digits_convnet"
EPOCHS = {MLP: 4, CONVNET: 2}
MILLISECONDS = 120_000

# In place of Vega: it notes what it is asked to draw, and where.
VEGA = "window.drawn ||= {}; window.vegaEmbed = (place, spec) => drawn[place] = spec"

# Users are a matter of servers with passwords; this one has none.
UNKNOWN = "/mlflow/users/current"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH"),
]


@pytest.fixture(scope="module")
def clone(
    trained: tuple[Clone, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Clone:
    """Two experiments, a champion, and a challenger that was trained for longer."""
    clone = trained[0].copy(tmp_path_factory.mktemp("browser") / "clone")
    gate = {"minimum": 0.5, "class_floors": {}, "milliseconds_per_row": 60_000}
    for name, value in gate.items():
        clone.change("promotion", MODEL, name, value=value)
    clone.run("pedigree", "promote", MODEL)
    clone.run("pedigree", "activate", CONVNET)
    for experiment, epochs in EPOCHS.items():
        entry = ("experiments", experiment)
        clone.change(*entry, "train", "epochs", value=epochs)
        clone.change(*entry, "evaluate", "bootstrap", "resamples", value=100)
    clone.repro()
    return clone


@pytest.fixture(scope="module")
def address(clone: Clone) -> Iterator[str]:
    """Where `pedigree ui` serves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        ["pedigree", "ui", "--port", str(port)],
        cwd=clone.folder,
        env=clone.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            session = requests.Session()
            patience = Retry(300, backoff_factor=0.1, backoff_max=0.5)
            session.mount("http://", HTTPAdapter(max_retries=patience))
            session.get(f"http://127.0.0.1:{port}/health").raise_for_status()
            yield f"http://127.0.0.1:{port}/#"
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not there")
    with api.sync_playwright() as playwright:
        # As root, Chromium runs without a sandbox or not at all.
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )


@pytest.fixture
def page(browser: "Browser", tmp_path: Path) -> Iterator["Page"]:
    """A page on which nothing goes wrong; nothing comes from another machine."""
    page = browser.new_page(viewport={"width": 1900, "height": 1200})
    page.set_default_timeout(MILLISECONDS)
    page.route("https://**", lambda route: route.abort())
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "response",
        lambda answer: (
            answer.ok
            or answer.url.endswith(UNKNOWN)
            or wrong.append(f"{answer.status} {answer.url}")
        ),
    )
    yield page
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    page.close()
    assert wrong == []


def training(clone: Clone, experiment: str) -> tuple[str, str]:
    """The MLflow experiment, and the newest training's run in it."""
    (*_, found) = clone.rows(
        "select experiment_id, run_uuid from runs "
        f"where name = 'train@{experiment}' order by start_time"
    )
    return str(found[0]), found[1]


def accuracy_of(clone: Clone, experiment: str) -> str:
    """The accuracy of the test rows, as MLflow rounds it."""
    metrics = json.loads(clone.read(f"reports/{experiment}/metrics.json"))
    return f"{round(metrics['test']['accuracy'], 3):g}"


def test_two_experiments_are_compared(clone: Clone, address: str, page: "Page"):
    study, one = training(clone, MLP)
    _, other = training(clone, CONVNET)
    runs = json.dumps([one, other])
    page.goto(f'{address}/compare-runs?runs={runs}&experiments=["{study}"]')
    page.get_by_text("Comparing 2 Runs from 1 Experiment").wait_for()
    for experiment in EPOCHS:
        name = page.get_by_role("cell", name=f"train@{experiment}", exact=True)
        name.first.wait_for()
    row = page.get_by_role("row").filter(has_text="model.architecture")
    assert row.inner_text().split() == ["model.architecture", "mlp", "convnet"]
    page.get_by_text("test.accuracy", exact=True).first.wait_for(state="attached")
    for experiment in EPOCHS:
        shown = page.get_by_text(accuracy_of(clone, experiment), exact=True)
        shown.first.wait_for(state="attached")


def test_a_registered_model_shows_its_champion_and_its_challenger(
    address: str, page: "Page"
):
    page.goto(f"{address}/models/{MODEL}")
    for version, alias in ((1, "champion"), (2, "challenger")):
        row = page.get_by_role("row").filter(has_text=f"Version {version}")
        row.wait_for()
        text = row.inner_text()
        assert re.findall(r"@\s(\w+)", text) == [alias]
        assert f"{MLP} on" in text and "dvc.dep" not in text


@pytest.mark.parametrize("plot", ["confusion", "learning_curves", "roc"])
def test_a_run_shows_its_plots(clone: Clone, address: str, page: "Page", plot: str):
    study, run = training(clone, CONVNET)
    path = f"artifacts/plots/{plot}.png"
    page.goto(f"{address}/experiments/{study}/runs/{run}/{path}")
    page.get_by_text(f"train@{CONVNET}").first.wait_for()
    picture = page.locator("img[src^='blob:']:visible")
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 500


def test_data_docs_tell_what_was_expected_and_found(clone: Clone, page: "Page"):
    page.goto((clone.folder / "reports/data" / DATASET / "index.html").as_uri())
    title = f"{DATASET}: expectations of {DATASET}"
    assert page.get_by_role("heading").first.inner_text() == title
    assert "The data passed." in page.inner_text("body")
    verdict = json.loads(clone.read(f"data/validated/{DATASET}.json"))
    page.get_by_text(f"Met: {len(verdict['results'])}").wait_for()
    page.get_by_role("link", name="Every expectation on all").click()
    page.get_by_text("569").first.wait_for()


def test_dvc_draws_what_the_stages_wrote(clone: Clone, page: "Page"):
    """Its curves are drawn by Vega, from the network; here it is asked to draw them."""
    page.route(
        "https://cdn.jsdelivr.net/**",
        lambda route: route.fulfill(content_type="text/javascript", body=VEGA),
    )
    clone.run("dvc", "plots", "show")
    page.goto((clone.folder / "dvc_plots/index.html").as_uri())
    drawn = page.evaluate("drawn")
    for experiment, epochs in EPOCHS.items():
        picture = page.locator(f"img[src*='{experiment}'][src*='confusion']")
        assert picture.evaluate("image => image.naturalWidth") > 500
        rows = drawn[f"#reports_{experiment}_history_csv"]["data"]["values"]
        assert {row["epoch"] for row in rows} == {str(n + 1) for n in range(epochs)}
        assert drawn[f"#reports_{experiment}_classification_csv"]["data"]["values"]
