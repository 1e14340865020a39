"""`lddu bench-uncertainty`: ways to say how uncertain an answer is, in one table."""

from typing import TYPE_CHECKING, Annotated

from lddu.commands.options import Flag, Output

if TYPE_CHECKING:
    from lddu.runs.uncertainty_table import UncertaintyRow

EXAMPLES = """Examples:
  lddu bench-uncertainty run
  lddu bench-uncertainty run soft-labels ensemble --target 0.8"""


def bench_uncertainty(
    *runs: str,
    store: str | None = None,
    target: float = 0.9,
    json: Annotated[bool, Flag, Output] = False,
) -> None:
    """Set other ways to be uncertain beside those of finished runs, in one table.

    A row per run and way, all fitted on valid and measured on test: the prior, probabilities as predicted, temperature, the
    run's own recalibration and selected score, MC dropout, the mean of an ensemble, last-layer Laplace (families with latent
    distributions), label-wise conformal sets of each; then every score alone, LDDU's width among them. Other trainings,
    such as --objective.target shares, --family late-fusion or --seeds 5, are further runs.

    Parameters
    ----------
    runs
        Run folders, trained on the same store.
    store
        Feature store: a folder or a URL. [default: the store that each run was trained on]
    target
        Share of the clips with an emotion whose label-wise set should hold it, for each emotion.
    json
        Print the table as JSON.
    """
    from lddu.commands.screen import print_json, results, warn
    from lddu.errors import ConfigError
    from lddu.runs.predictor import Predictor
    from lddu.runs.run_store import store_of
    from lddu.runs.uncertainty_table import as_markdown, uncertainty_table
    from lddu.sentences import SIMULATED_CORPUS

    if not runs:
        raise ConfigError(
            "Expected at least one run folder, but got none; name one, such as 'lddu bench-uncertainty run'."
        )
    if not 0 < target < 1:
        raise ConfigError(f"Expected --target to lie above 0 and below 1, but got {target:g}; ask for 0.9, say.")
    tables: dict[str, tuple[UncertaintyRow, ...]] = {}
    simulated = False
    for run in runs:
        predictor = Predictor(run)
        corpus = store_of(predictor.folder, store)
        simulated |= corpus.simulated
        tables[run] = uncertainty_table(predictor, corpus, target)
    warn([SIMULATED_CORPUS] if simulated else [])
    if json:
        print_json({run: [vars(row) for row in rows] for run, rows in tables.items()})
    else:
        results(240).print(as_markdown(tables, simulated), markup=False, soft_wrap=True)
