"""The application: its subcommands, and how it says that something is wrong."""

import atexit
import gc
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pedigree.cli.activate import activate_command, deactivate_command
from pedigree.cli.adopt import adopt_command
from pedigree.cli.affected import affected_command
from pedigree.cli.check import check_command
from pedigree.cli.compare import compare_command
from pedigree.cli.curves import curves_command
from pedigree.cli.history import history_command
from pedigree.cli.lineage import lineage_command
from pedigree.cli.list import list_command
from pedigree.cli.mirror import mirror_command
from pedigree.cli.monitor import monitor_command
from pedigree.cli.predict import predict_command
from pedigree.cli.profile import profile_command
from pedigree.cli.promote import promote_command
from pedigree.cli.rebuild import rebuild_command
from pedigree.cli.record import record_command
from pedigree.cli.rollback import rollback_command
from pedigree.cli.show import show_command
from pedigree.cli.summary import summary_command
from pedigree.cli.sync import sync_command
from pedigree.cli.tune import tune_command
from pedigree.cli.ui import ui_command
from pedigree.cli.verify import verify_command
from pedigree.errors import PedigreeError, WrongUseError
from pedigree.tracking.secrets import redact


class ErrorsInTwoLines(TyperGroup):
    """A group whose commands end with two lines where they raise a `PedigreeError`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand; `--debug` lets the traceback through."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader of a pipe is gone; Typer ends quietly
        except (PedigreeError, OSError) as error:
            if ctx.params["debug"]:
                raise
            explained = error if isinstance(error, PedigreeError) else _explain(error)
            typer.echo(explained, err=True)
            raise typer.Exit(explained.exit_code) from None
        except Exception as error:
            if ctx.params["debug"] or not _is_of_mlflow(error):
                raise
            typer.echo(_explain_store(error), err=True)
            raise typer.Exit(WrongUseError.exit_code) from None


def _explain(error: OSError) -> PedigreeError:
    return WrongUseError(
        f"the project's files must be readable and writable. Received: {error}",
        "Correct their permissions, or make room on the disk.",
    )


def _is_of_mlflow(error: Exception) -> bool:
    """Whether MLflow raised it; MLflow is imported only by what needs a store."""
    exceptions = sys.modules.get("mlflow.exceptions")
    return exceptions is not None and isinstance(error, exceptions.MlflowException)


def _explain_store(error: Exception) -> PedigreeError:
    cause = redact(str(error).strip().splitlines()[0])
    return WrongUseError(
        f"the MLflow store must answer. Received: {cause}",
        "Correct MLFLOW_TRACKING_URI, or look at the server.",
    )


app = typer.Typer(
    cls=ErrorsInTwoLines,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("list")(list_command)
app.command("activate")(activate_command)
app.command("deactivate")(deactivate_command)
app.command("check")(check_command)
app.command("affected")(affected_command)
app.command("summary")(summary_command)
app.command("profile")(profile_command)
app.command("tune")(tune_command)
app.command("adopt")(adopt_command)
app.command("record")(record_command)
app.command("show")(show_command)
app.command("compare")(compare_command)
app.command("curves")(curves_command)
app.command("lineage")(lineage_command)
app.command("verify")(verify_command)
app.command("rebuild")(rebuild_command)
app.command("predict")(predict_command)
app.command("monitor")(monitor_command)
app.command("promote")(promote_command)
app.command("rollback")(rollback_command)
app.command("history")(history_command)
app.command("mirror")(mirror_command)
app.command("sync")(sync_command)
app.command("ui")(ui_command)


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """From raw bytes to a registered model, with its whole ancestry."""


def main() -> None:
    """Run the command line."""
    # A command is over before garbage matters; looking for it in what MLflow imports,
    # meanwhile and at the end, takes a third of the time.
    gc.disable()
    atexit.register(gc.freeze)
    app(prog_name="pedigree")
