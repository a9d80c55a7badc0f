"""A night of files without a window: what the window does, from Python.

Every action of the window is a call of one object, `Session`. Run the file as it stands, or cell
by cell (`# %%`) in an editor that knows cells:

    python a_night_of_files.py [FILES-OR-FOLDERS…] [--out FOLDER]

Without files the bundled samples are used. Each method posts its work and returns a
`concurrent.futures.Future` at once; `.result()` waits for it.
"""

# %% Begin: a project is one file; all that follows is kept in it at every step
import argparse
from pathlib import Path

from astrogui.session import Session

# Helper processes import the program anew, and must not run this file again.
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--out", type=Path, default=Path("night"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    session = Session(options.out / "night.astrogui")

    # %% Hear what happens: events carry ids and words, and come in the session's own thread
    heard = []
    stop_listening = session.subscribe(lambda event: heard.append(type(event).__name__))

    # %% Add files and folders; every analysis that fits is queued. Wait until all is answered
    item_ids = session.add(options.files or session.demo_files()).result()
    session.idle().result()
    print(f"{len(item_ids)} observations")
    for problem in session.view.problems():
        print(f"refused: {problem.path}: {problem.cause}. {problem.advice}")

    # %% The catalogue: one row an object, the columns of the export with their units
    units = {column.name: column.unit for column in session.view.columns()}
    for row in session.view.rows():
        for name in ("z", "prob_star", "chirp_mass_det"):
            if row.get(name) is not None:
                low, high = row[f"{name}_lo90"], row[f"{name}_hi90"]
                print(
                    f"{row['object_id']}: {name} = {row[name]:.4g} {units[name]} "
                    f"(90 %: {low:.4g} to {high:.4g})"
                )

    # %% The posterior behind a number, as plain NumPy values
    for row in session.view.rows():
        posterior = session.posterior(row["row_id"]).result()
        if posterior is not None and posterior.draws is not None:
            print(f"{row['object_id']}: {posterior.draws.shape[0]} draws of the posterior")
            break

    # %% Judge, look at the list of judgements, take the last one back, and do it again
    first, *others = session.view.row_ids()
    session.annotate([first], {"user_quality": 4, "user_comment": "clear"}).result()
    session.annotate(others, {"user_quality": 3}).result()
    session.undo().result()
    session.redo().result()
    for step in session.view.steps():
        print(f"{step.created}: {step.title}, by {step.author}")

    # %% Run an analysis once more with an option, on chosen observations
    spectra = [item.item_id for item in session.view.items() if item.kind == "spectrum"]
    session.run(spectra[:1], "redshift").result()
    session.idle().result()

    # %% Export all rows, and the first alone; the ending chooses the format
    count = session.export(
        options.out / "night.fits", posteriors=options.out / "night.posteriors.hdf5"
    ).result()
    session.export(options.out / "chosen.ecsv", row_ids=[first]).result()
    print(f"{count} rows in {options.out / 'night.fits'}")

    # %% Done: helper processes end, the project is closed
    stop_listening()
    session.close()
    print(f"heard: {', '.join(sorted(set(heard)))}")
