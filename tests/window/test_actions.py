"""Every action does something, has words, and its keys are its own."""

from __future__ import annotations

from collections import Counter
from html import escape

import pytest
from PySide6.QtCore import SIGNAL, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFileDialog

from astrogui.session.settings import Settings, load_settings
from astrogui.tasks import task_by_name
from astrogui.window.actions import SPECS
from astrogui.window.directory import entries, keyboard_map, plain
from astrogui.window.help_pages import Page
from astrogui.window.preferences import Preferences
from astrogui.window.run_dialog import RunDialog
from astrogui.window.theme import DARK, LIGHT, palette


def test_no_key_belongs_to_two_actions():
    keys = Counter(key for spec in SPECS for key in spec.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_key_stands_in_the_keyboard_map(bench):
    page = keyboard_map(entries(bench))
    for spec in bench.window.actions_by_name.specs:
        for key in spec.keys:
            assert escape(key) in page
            assert escape(plain(spec.text)) in page
    for tool in bench.area.view("spectrum").tools.values():
        assert escape(plain(tool.text())) in page


def test_every_action_has_a_handler_and_a_place_in_a_menu(bench):
    for spec in SPECS:
        action = bench.window.actions_by_name[spec.name]
        assert action.receivers(SIGNAL("triggered(bool)")) > 0, spec.name
        assert action in bench.window.actions_by_name.menus[spec.menu].actions(), spec.name


@pytest.mark.parametrize("name", ["help_formats", "help_keys", "help_news", "about"])
def test_help_opens_beside_the_window_and_has_words(bench, name):
    bench.window.actions_by_name[name].trigger()
    page = bench.window.findChild(Page)
    assert not page.isModal()
    assert len(page.browser.toPlainText()) > 20
    page.close()


@pytest.mark.parametrize(
    "name",
    ["open_files", "open_folder", "open_project", "new_project", "import_catalogue"],
)  # fmt: skip
def test_file_dialogues_do_not_stop_the_event_loop(bench, name, qtbot):
    bench.window.actions_by_name[name].trigger()
    dialog = bench.window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.isVisible()
    dialog.reject()


def test_exports_name_rows_and_file(filled, fake, qtbot):
    filled.catalogue.table.selectRow(2)
    filled.commands.export_selected("/tmp/out.vot")
    assert fake.calls[-1][:3] == ("export", "/tmp/out.vot", (3,))
    qtbot.waitUntil(lambda: "rows are in /tmp/out.vot" in filled.window.notice.words)


def test_run_again_runs_the_analyses_of_the_file_shown(filled, fake):
    filled.window.actions_by_name["run_again"].trigger()
    assert fake.calls[-1] == ("run", (1,), "redshift", {})


def test_an_analysis_is_run_with_the_options_filled_in(filled, fake, qtbot):
    filled.window.actions_by_name["run_with"].trigger()
    qtbot.waitUntil(lambda: filled.window.findChild(RunDialog) is not None)
    dialog = filled.window.findChild(RunDialog)
    assert list(dialog._edits) == ["z_max", "gps"]
    dialog._edits["z_max"].setText(" 1.5 ")
    dialog._on_accepted()
    assert fake.calls[-1] == ("run", (1,), "redshift", {"z_max": "1.5"})


def test_a_search_is_run_with_what_it_hands_on_too(qtbot):
    dialog = RunDialog([task_by_name("gw_search"), task_by_name("bbh")])
    qtbot.addWidget(dialog)
    dialog._edits["bbh.waveform"].setText("IMRPhenomXAS")
    assert dialog.options() == {"bbh.waveform": "IMRPhenomXAS"}
    dialog._task.setCurrentIndex(1)
    assert list(dialog._edits) == ["gps", "waveform"]


def test_without_a_file_there_is_nothing_to_run(bench, fake):
    for name in ("run_with", "run_again"):
        bench.window.actions_by_name[name].trigger()
        assert "Choose a file" in bench.window.notice.words
    assert not fake.calls


def test_the_samples_are_one_click_away(bench, fake, qtbot):
    bench.window.start_page.open_samples.emit("")
    qtbot.waitUntil(lambda: bench.model.rowCount() == 3)


def test_a_figure_is_saved_in_each_format(filled, tmp_path):
    for suffix, magic in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        path = tmp_path / f"figure{suffix}"
        filled.commands.save_figure(str(path))
        assert path.read_bytes().startswith(magic)


def test_preferences_are_kept_and_used(bench, fake, qtbot, tmp_path):
    fake.settings = Settings(author="", theme="light")
    bench.window.actions_by_name["preferences"].trigger()
    dialog = bench.window.findChild(Preferences)
    dialog.editors["author"].setText("V. Rubin")
    dialog.editors["theme"].setCurrentText("dark")
    dialog._on_accepted()
    assert fake.settings.author == "V. Rubin"
    assert bench.theme.choice == "dark"
    assert bench.area.view("spectrum").theme.is_dark
    qtbot.waitUntil(lambda: load_settings().author == "V. Rubin")
    bench.theme.choose("light")


def contrast(first: QColor, second: QColor) -> float:
    """The contrast ratio of WCAG 2.2, section 1.4.3."""

    def luminance(colour: QColor) -> float:
        parts = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [("WindowText", "Window"), ("Text", "Base"), ("Text", "AlternateBase"),
     ("ButtonText", "Button"), ("HighlightedText", "Highlight"), ("ToolTipText", "ToolTipBase"),
     ("Link", "Base"), ("PlaceholderText", "Base")],
)  # fmt: skip
def test_text_can_be_read_in_both_themes(colours, text, ground):
    made, role = palette(colours), QPalette.ColorRole
    assert contrast(made.color(getattr(role, text)), made.color(getattr(role, ground))) >= 4.5


def test_the_theme_of_the_system_is_followed_while_it_is_chosen(theme, qapp, monkeypatch):
    scheme = [Qt.ColorScheme.Dark]
    monkeypatch.setattr(theme, "_wants_dark", lambda: scheme[0] == Qt.ColorScheme.Dark)
    theme.choose("system")
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(DARK["window"])
    scheme[0] = Qt.ColorScheme.Light
    qapp.styleHints().colorSchemeChanged.emit(scheme[0])
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(LIGHT["window"])
