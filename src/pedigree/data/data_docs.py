"""Data Docs: the pages of Great Expectations on a dataset, readable without a network.

The library's pages load their styles, icons and scripts from half a dozen hosts. What
this module writes is the library's rendering with a small style sheet of its own, so a
page kept for years in MLflow still opens.
"""

import copy
import html
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pedigree.data.description import describe
from pedigree.data.verdict import Verdict, not_met

_REMOTE_PARTS = re.compile(
    r"<link[^>]*>|<script\b.*?</script>|<style\b.*?</style>|<footer\b.*?</footer>"
    r"|<nav class=\"navbar\b.*?</nav>\s*</div>\s*</nav>",
    re.DOTALL,
)

# To pages of a site of many suites, which this is not.
_LINKS_UP = re.compile(r'href="(\.\./)+[^"]*"')

# Of runs and files, which the library cannot know here.
_NOTHING_SAID = re.compile(
    r"<tr>\s*<td[^>]*>(?:(?!</tr>).)*?__none__.*?</tr>|<br>\s*Data asset: None",
    re.DOTALL,
)

_STYLE = """
<style>
body { font: 14px/1.5 system-ui, sans-serif; color: #212529; margin: 1.5rem; }
.row { display: flex; flex-wrap: wrap; gap: 0 2rem; }
.col-lg-2 { flex: 0 0 13rem; } .col-lg-10 { flex: 1 1 40rem; min-width: 0; }
.col-12 { width: 100%; } .mb-4 .col-12 { width: auto; }
h1, h4, h5, h6 { font-size: 1.1rem; margin: 1rem 0 .3rem; } h1 { font-size: 1.5rem; }
.ge-section { border-top: 1px solid #dee2e6; padding-bottom: 0; margin-bottom: 1rem; }
table { border-collapse: collapse; margin: .3rem 0 .8rem; }
th, td { border: 1px solid #dee2e6; padding: .3rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
.words td { overflow-wrap: break-word; white-space: pre-line; }
.critical { color: #b02a37; } .warning { color: #997404; }
details .critical, details .warning { color: inherit; }
.count { text-align: right; }
th { background: #f1f3f5; white-space: nowrap; } td:first-child { white-space: nowrap; }
td table { font-size: 12px; } ul { list-style: none; padding: 0; margin: 0; }
a { color: #0b5ed7; text-decoration: none; } a:hover { text-decoration: underline; }
.badge { background: #e9ecef; border-radius: 4px; padding: 0 .3rem; }
summary { cursor: pointer; font-weight: bold; margin: .5rem 0; }
.btn { cursor: pointer; display: block; } .lead { margin: 0; color: #6c757d; }
.sticky { position: sticky; top: 1rem; } .ge-navigation-sidebar-container ul {
  max-height: none !important; }
.fa-check-circle::before { content: "\\2714"; color: #146c43; }
.fa-times, .fa-exclamation-triangle { color: #b02a37; font: bold 14px sans-serif; }
.fa-times::before { content: "\\2718"; }
.fa-exclamation-triangle::before { content: "\\2718 !"; }
.cooltip .top, [data-toggle="collapse"] { display: none; }
body.failed-only tr:has(.hide-succeeded-validation-target-child),
body.failed-only .hide-succeeded-validation-target { display: none; }
</style>
"""

_SCRIPT = """
<script>
function showAllValidations() { document.body.classList.remove("failed-only"); }
function hideSucceededValidations() { document.body.classList.add("failed-only"); }
</script>
"""


def write_data_docs(folder: Path, verdict: Verdict, results: Mapping[str, Any]) -> None:
    """Write an index and a page per split, and remove those of an earlier run.

    Args:
        folder: Where to write; all that is in it is replaced.
        verdict: The verdict on the dataset, with the sums of its `data`.
        results: The result of each split, from `run_suite`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(_index(verdict), "utf-8")
    for split, result in results.items():
        (folder / f"{split}.html").write_text(_page(result), "utf-8")


def _page(result: Mapping[str, Any]) -> str:
    """Render the result of one split."""
    from great_expectations.core import expectationSuiteValidationResultSchema
    from great_expectations.render.renderer.page_renderer import (
        ValidationResultsPageRenderer,
    )
    from great_expectations.render.view.view import DefaultJinjaPageView

    loaded: Any = expectationSuiteValidationResultSchema.load(_readable(result))
    view: Any = DefaultJinjaPageView()
    document = ValidationResultsPageRenderer().render(loaded)
    page = view.render(document, show_how_to_buttons=False)
    page = _REMOTE_PARTS.sub("", page)
    page = _NOTHING_SAID.sub("", _LINKS_UP.sub('href="index.html"', page))
    return page.replace("</head>", _STYLE + "</head>").replace(
        "</body>", _SCRIPT + "</body>"
    )


def _readable(result: Mapping[str, Any]) -> dict[str, Any]:
    """Prepare a result for the library's renderer, which stumbles over some."""
    readable = copy.deepcopy(dict(result))
    version = "great_expectations_version"
    readable["meta"] = {version: readable["meta"][version]}
    for one in readable["results"]:
        details = one["result"] = _escaped(one["result"])
        _drop_tracebacks(one.get("exception_info") or {})
        # The values of several columns would be written without a space between.
        for name in ("partial_unexpected_list", "partial_unexpected_counts"):
            details[name] = [_joined(value) for value in details.get(name) or []]
        if details.get("unexpected_count") and "unexpected_percent" not in details:
            # The renderer counts rows, and sets of values have none.
            details["observed_value"] = details.pop("partial_unexpected_list")
            del details["unexpected_count"], details["partial_unexpected_counts"]
    return readable


def _drop_tracebacks(information: dict[str, Any]) -> None:
    """Leave the message of an error, and not where in the library it arose."""
    alone = "raised_exception" in information
    for report in [information] if alone else information.values():
        report["exception_traceback"] = ""


def _escaped(value: Any) -> Any:
    """Escape the texts of the data, which the library puts into a page as they are."""
    if isinstance(value, dict):
        return {key: _escaped(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_escaped(child) for child in value]
    return html.escape(value, quote=False) if isinstance(value, str) else value


def _joined(value: Any) -> Any:
    """Join the values of several columns, alone or as they were counted."""
    if isinstance(value, dict) and value.keys() == {"value", "count"}:
        return {"value": _joined(value["value"]), "count": value["count"]}
    if isinstance(value, dict):
        value = list(value.values())
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _index(verdict: Verdict) -> str:
    """Render the page that leads to the pages of the splits."""
    title = f"{verdict['dataset']}: expectations of {verdict['suite']}"
    answer = "passed" if verdict["success"] else "were refused"
    body = f"<p>The data <strong>{answer}</strong>.</p>" + _table(
        ("split", "rows", "met", "critical not met", "warnings not met"),
        [_counts(verdict, split) for split in verdict["rows"]],
    )
    # DVC may bring other data back from its cache, and not run the stage for them.
    body += _table(("the data it is about", "sha256"), verdict["data"].items())
    links = "".join(
        f'<li><a href="{split}.html">Every expectation on {split}</a></li>'
        for split in verdict["rows"]
    )
    body += f"<ul>{links}</ul>"
    failed = not_met(verdict)
    if failed:
        body += "<h4>Not met</h4>" + _results(failed)
    met = [one for one in verdict["results"] if one["success"]]
    if met:
        unfolded = "" if failed else " open"
        summary = f"<summary>Met: {len(met)}</summary>"
        body += f"<details{unfolded}>{summary}{_results(met)}</details>"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title>{_STYLE}</head>"
        f"<body><h1>{html.escape(title)}</h1>{body}</body></html>\n"
    )


def _results(results: Iterable[Mapping[str, Any]]) -> str:
    """Render results in words, with the reasons that the suite gives."""
    heads = ("severity", "split", "about", "expected", "found", "reason")
    rows = []
    for one in results:
        about, expected, found = describe(one)
        told = (about, expected, "\n".join(found), one["reason"])
        rows.append((one["severity"], one["split"], *told))
    return _table(heads, rows)


def _counts(verdict: Verdict, split: str) -> tuple[str, ...]:
    """Count the rows of a split, and its expectations by outcome."""
    results = [one for one in verdict["results"] if one["split"] == split]
    failed = [one["severity"] for one in results if not one["success"]]
    return (
        split,
        f"{verdict['rows'][split]:,}",
        str(len(results) - len(failed)),
        str(failed.count("critical")),
        str(failed.count("warning")),
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render a table of texts."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f'<table class="words"><tr>{head}</tr>{body}</table>'


def _cell(text: str) -> str:
    """Render a cell, in colour where it is a severity and to the right if a count."""
    kind = text if text in ("critical", "warning") else ""
    kind = "count" if text.replace(",", "").isdigit() else kind
    return f'<td class="{kind}">{html.escape(text)}</td>'
