"""Several graders of one project: whose judgement is shown, blind grading, merging, agreeing."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace

import pytest
from small_session import Heard, answer_all, files, make

from astrogui.errors import ProjectDamaged, ProjectProblem, Unreadable
from astrogui.session import events, grading, inter_grader, merging
from astrogui.session.settings import Settings
from astrogui.store.schema import MIGRATIONS, migrate

FIVE = [f"flat-{number}.fits" for number in (1, 2, 3, 4, 5)]


def rows_of(session, tmp_path, names=FIVE):
    return [row["row_id"] for row in answer_all(session, files(tmp_path, *names))]


def become(session, author):
    session.settings = replace(session.settings, author=author)
    session.idle().result(60)


def grade(session, row_id, **values):
    session.annotate([row_id], {f"user_{name}": value for name, value in values.items()}).result(60)


def value(session, row_id, name="quality"):
    return session.view.row(row_id)[f"user_{name}"]


def test_each_grader_keeps_the_own_judgement_and_sees_it(session, tmp_path):
    first, second = rows_of(session, tmp_path, FIVE[:2])
    grade(session, first, quality=4, **{"class": "QSO"})
    grade(session, second, quality=3)
    become(session, "Cecilia")
    assert value(session, first) == 4  # not blind: what another has judged is shown
    grade(session, first, quality=2)
    assert value(session, first) == 2
    assert value(session, first, "class") == "QSO"
    become(session, "Vera")
    session.undo().result(60)  # of the last step, whoever made it
    assert value(session, first) == 4
    assert session.view.graders() == ("Vera",)
    session.redo().result(60)
    assert value(session, first) == 4
    assert session.view.grades()[first]["Cecilia"] == {"user_quality": "2"}


def test_a_blind_grader_sees_the_others_only_after_grading(session, tmp_path):
    first, second, third = rows_of(session, tmp_path, FIVE[:3])
    for row_id in (first, second, third):
        grade(session, row_id, quality=4, comment="broad lines", z=2.1)
    session.grading.set_blind(True).result(60)
    become(session, "Cecilia")
    assert value(session, first) is None
    assert value(session, first, "comment") is None
    assert value(session, first, "z") is None
    assert session.view.steps() == []  # nor does the history tell
    assert session.view.history() == ("", "")
    grade(session, first, quality=1)
    assert value(session, first) == 1
    assert session.view.grades()[first]["Vera"]["user_quality"] == "4"
    assert set(session.view.grades()) == {first}
    session.grading.unblind([second]).result(60)
    assert value(session, second) == 4
    assert session.view.unblinded() == [(second, "Cecilia")]
    grade(session, second, quality=4)
    report = session.grading.agreement().result(60)
    assert report.unblinded == {"Cecilia": 1, "Vera": 0}
    session.undo().result(60)
    session.undo().result(60)
    session.undo().result(60)  # Vera's steps are not Cecilia's to undo
    assert value(session, first) is None
    become(session, "Vera")
    assert value(session, first) == 4


def test_ending_the_blind_mode_is_recorded_for_every_row(session, tmp_path):
    row_id = rows_of(session, tmp_path, FIVE[:1])[0]
    grade(session, row_id, quality=4)
    session.grading.set_blind(True).result(60)
    become(session, "Cecilia")
    assert value(session, row_id) is None
    session.grading.set_blind(False).result(60)
    assert value(session, row_id) == 4
    assert session.view.unblinded() == [(0, "Cecilia")]
    assert not session.view.is_blind()


def test_a_change_of_the_grader_tells_the_window(session, tmp_path):
    row_id = rows_of(session, tmp_path, FIVE[:1])[0]
    grade(session, row_id, quality=4)
    heard = Heard(session)
    become(session, "Cecilia")
    session.idle().result(60)
    assert any(row_id in event.row_ids for event in heard.of(events.RowsChanged))


def test_a_blind_export_does_not_tell_either(session, tmp_path):
    row_id = rows_of(session, tmp_path, FIVE[:1])[0]
    grade(session, row_id, quality=4)
    session.grading.set_blind(True).result(60)
    become(session, "Cecilia")
    session.export(tmp_path / "blind.ecsv").result(60)
    read = session.read_catalogue(tmp_path / "blind.ecsv")
    assert read.rows()[0]["user_quality"] is None
    assert "user_quality_vera" not in read.values


@pytest.mark.parametrize("ending", ["fits", "vot", "ecsv", "csv", "parquet", "astrogui"])
def test_judgements_of_other_graders_are_merged_under_their_names(
    session, tmp_path, models, ending
):
    ids = rows_of(session, tmp_path)
    for row_id in ids:
        grade(session, row_id, quality=4, **{"class": "QSO"})
    other = make(tmp_path, models, name="other.astrogui")
    other.settings = Settings(author="Cecilia")
    theirs = rows_of(other, tmp_path, [*FIVE[:4], "flat-9.fits"])
    for row_id, quality in zip(theirs, (4, 4, 1, 6, 4), strict=True):
        grade(other, row_id, quality=quality, **{"class": "qso" if quality != 6 else "STAR"})
    path = tmp_path / f"other.{ending}"
    if ending != "astrogui":
        other.export(path).result(60)
    other.close()
    (merged,) = session.grading.merge([path]).result(60)
    assert (merged.author, merged.rows, merged.unmatched) == ("Cecilia", 4, 1)
    assert [value(session, row_id) for row_id in ids] == [4, 4, 4, 4, 4]  # one's own stay
    report = session.grading.agreement().result(60)
    assert report.graders == ("Cecilia", "Vera")
    assert report.graded == {"Cecilia": 4, "Vera": 5}
    classes = next(field for field in report.fields if field.field == "user_class")
    assert [name.casefold() for name in classes.categories] == ["qso", "star"]
    assert classes.tables["Cecilia", "Vera"].tolist() == [[3, 0], [1, 0]]
    assert [one.row_id for one in report.disagreements] == [ids[3], ids[2]]
    assert session.view.history()[0] == "Take over 4 rows judged by Cecilia"
    session.undo().result(60)
    assert session.view.graders() == ("Vera",)


def test_what_is_agreed_on_is_shown_exported_and_undone(session, tmp_path, models):
    ids = rows_of(session, tmp_path, FIVE[:2])
    grade(session, ids[0], quality=4, z=0.5)
    become(session, "Cecilia")
    grade(session, ids[0], quality=1, z=2.3)
    assert len(session.grading.agreement().result(60).disagreements) == 1
    session.grading.agree_on([ids[0]], {"user_quality": 3, "user_z": 2.3}).result(60)
    assert value(session, ids[0]) == 3
    assert session.view.history()[0] == "Agree on quality and z of one row"
    assert session.grading.agreement().result(60).disagreements == ()
    out = tmp_path / "agreed.fits"
    session.export(out).result(60)
    row = session.read_catalogue(out).rows()[0]
    assert (row["user_quality"], row["user_quality_vera"], row["user_quality_cecilia"]) == (3, 4, 1)
    assert row["user_z_vera"] == 0.5
    assert row["user_agreed"] == "quality,z"
    grade(session, ids[0], quality=2)  # what is shown is what is edited
    assert value(session, ids[0]) == 2
    assert session.view.grades()[ids[0]]["Cecilia"]["user_quality"] == "1"
    session.undo().result(60)
    session.undo().result(60)
    assert value(session, ids[0]) == 1
    assert len(session.grading.agreement().result(60).disagreements) == 1
    third = make(tmp_path, models, name="third.astrogui")
    rows_of(third, tmp_path, FIVE[:2])
    assert {one.author for one in third.grading.merge([out]).result(60)} == {
        "Cecilia", "Vera (agreed.fits)",
    }  # fmt: skip
    third.close()


def test_a_file_of_ones_own_name_never_writes_over_ones_own(session, tmp_path):
    ids = rows_of(session, tmp_path, FIVE[:1])
    grade(session, ids[0], quality=4)
    session.export(tmp_path / "mine.csv").result(60)
    grade(session, ids[0], quality=2)
    (merged,) = session.grading.merge([tmp_path / "mine.csv"]).result(60)
    assert merged.author == "Vera (mine.csv)"
    assert value(session, ids[0]) == 2


def test_files_that_are_no_graders_are_refused_and_nothing_is_taken(session, tmp_path):
    rows_of(session, tmp_path, FIVE[:1])
    bad = tmp_path / "bad.astrogui"
    bad.write_bytes(b"SQLite format 3\0" + b"rubbish" * 100)
    with pytest.raises(ProjectDamaged):
        session.grading.merge([bad]).result(60)
    with pytest.raises(Unreadable, match="no such file"):
        session.grading.merge([tmp_path / "none.fits"]).result(60)
    assert session.view.graders() == ()


def test_the_queue_is_kept_over_a_restart(tmp_path, models):
    made = make(tmp_path, models)
    made.grading.keep_queue({"row_ids": [3, 1, 2], "order": "novelty"}).result(60)
    made.grading.keep_place(2).result(60)
    made.close()
    made = make(tmp_path, models)
    assert made.grading.queue().result(60) == ({"row_ids": [3, 1, 2], "order": "novelty"}, 2)
    made.grading.keep_queue(None).result(60)
    assert made.grading.queue().result(60) is None
    made.close()


def test_a_project_of_the_first_version_keeps_every_judgement_as_its_authors(tmp_path):
    connection = sqlite3.connect(tmp_path / "old.astrogui", isolation_level=None)
    migrate(connection, "old", MIGRATIONS[:1])
    connection.execute("INSERT INTO items VALUES (1, 'spectrum', 'k', '[]', '', 'ok', '', 'now')")
    connection.execute("INSERT INTO rows (row_id, item_id, label) VALUES (1, 1, 'a')")
    connection.execute(
        "INSERT INTO annotations VALUES (1, 'user_class', 'STAR', 'Cecilia', '2026-01-02')"
    )
    for author, before, after in (("Vera", "null", '"QSO"'), ("Cecilia", '"QSO"', '"STAR"')):
        connection.execute(
            "INSERT INTO history (title, author, created, changes, state) "
            "VALUES ('t', ?, '2026-01-01', ?, 'done')",
            (author, f'[[1, "user_class", {before}, {after}]]'),
        )
    assert migrate(connection, "old") == len(MIGRATIONS) - 1
    found = connection.execute("SELECT author, value FROM annotations ORDER BY author").fetchall()
    assert found == [("Cecilia", "STAR"), ("Vera", "QSO")]
    changes = [row[0] for row in connection.execute("SELECT changes FROM history")]
    assert changes == ['[[1, "user_class", null, "QSO"]]', '[[1, "user_class", null, "STAR"]]']
    connection.close()


def test_the_report_in_words(session, tmp_path):
    ids = rows_of(session, tmp_path)
    qualities = ((4, 3, 2, 1, 6), (4, 2, 2, 3, 6), (4, 3, 1, 1, 4))
    for author, given in zip(("Vera", "Cecilia", "Annie"), qualities, strict=True):
        become(session, author)
        for row_id, quality in zip(ids, given, strict=True):
            grade(session, row_id, quality=quality, z=0.1 * quality)
    words = "\n".join(inter_grader.lines(session.grading.agreement().result(60)))
    assert "Krippendorff’s alpha (ordinal) = " in words
    assert "Fleiss’ kappa = " in words
    assert "Annie and Vera: 5 rows, median |Δv|" in words
    assert "Cecilia (down) and Vera (across)" in words


def test_odd_files_of_graders_are_refused_in_words(session, tmp_path, monkeypatch):
    rows_of(session, tmp_path, FIVE[:1])
    with pytest.raises(Unreadable, match="the project itself"):
        session.grading.merge([session.path]).result(60)
    other = tmp_path / "places.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE bookmarks (title TEXT)")
    with pytest.raises(Unreadable, match="another program"):
        session.grading.merge([other]).result(60)
    older = tmp_path / "older.astrogui"
    with contextlib.closing(sqlite3.connect(older, isolation_level=None)) as connection:
        migrate(connection, "older", MIGRATIONS[:1])
    with pytest.raises(Unreadable, match="an older version"):
        session.grading.merge([older]).result(60)

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(merging, "open", denied, raising=False)
    with pytest.raises(Unreadable, match="cannot be read"):
        session.grading.merge([other]).result(60)


def test_judgements_matched_with_one_project_never_go_into_another(session, tmp_path, monkeypatch):
    ids = rows_of(session, tmp_path, FIVE[:1])
    grade(session, ids[0], quality=4)
    session.export(tmp_path / "theirs.csv").result(60)
    read = grading.read_graders

    def while_another_opens(*given):
        found = read(*given)
        session.open_project(tmp_path / "other.astrogui").result(60)
        rows_of(session, tmp_path, FIVE[:1])
        return found

    monkeypatch.setattr(grading, "read_graders", while_another_opens)
    with pytest.raises(ProjectProblem, match="another project was opened"):
        session.grading.merge([tmp_path / "theirs.csv"]).result(60)
    assert session.view.graders() == ()
