"""Points on a line, by scikit-learn's `make_regression`: nothing is downloaded."""

from pathlib import Path

from pedigree.params.downloads import RegressionDownload

# The last digits of a double depend on the library that computes logarithms and sums;
# nine decimals are the same on every platform, and more than a training can tell.
DECIMALS = 9


def fetch(download: RegressionDownload, _: str, folder: Path) -> None:
    """Write the columns `x` and `y`.

    Args:
        download: The section of params.yaml.
        _: The key of the section, for which a mirror has no folder.
        folder: Where the file goes.
    """
    from sklearn.datasets import make_regression

    x, y = make_regression(
        n_samples=download.points,
        n_features=1,
        n_informative=1,
        noise=download.noise,
        random_state=download.seed,
    )
    rows = zip(x[:, 0], y, strict=True)
    lines = [
        "x,y",
        *(f"{one:.{DECIMALS}f},{other:.{DECIMALS}f}" for one, other in rows),
    ]
    path = folder / download.files[0].name
    path.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
