"""The user guide: pages, links that lead somewhere, search, F1."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl

from astrogui.window.features.guide import PAGES as PAGE_OF
from astrogui.window.guide_pages import GuidePage, headings, links, read_pages, search, slug
from astrogui.window.guide_window import GuideWindow
from astrogui.window.resource import resource

PAGES = read_pages(resource("guide"))
BY_NAME = {page.name: page for page in PAGES}


@pytest.fixture
def guide(qtbot):
    window = GuideWindow(PAGES)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(window)
    window.show()
    window.open_page("index")
    return window


def test_the_entrance_comes_first_and_every_page_has_a_title():
    assert [page.name for page in PAGES[:3]] == ["index", "first_steps", "window"]
    for page in PAGES:
        assert next(headings(page.text))[0] == 1, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_the_guide_leads_somewhere(page):
    for target in links(page.text):
        name, _, heading = target.partition("#")
        assert name.endswith(".md") or not name, f"{page.name}: {target} needs a network"
        there = BY_NAME[name.removesuffix(".md")] if name else page
        if heading:
            assert heading in {slug(words) for _, words in headings(there.text)}, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_can_be_reached_from_the_entrance(page):
    reached, waiting = {"index"}, ["index"]
    while waiting:
        for target in links(BY_NAME[waiting.pop()].text):
            name = target.partition("#")[0].removesuffix(".md")
            if name and name not in reached:
                reached.add(name)
                waiting.append(name)
    assert page.name in reached


def test_every_panel_and_view_has_a_page(bench):
    names = [dock.objectName() for dock in bench.window.docks if dock.objectName() != "viewer"]
    homeless = {*names, "image", "spectrum", "strain"} - set(BY_NAME)
    assert {name for name in homeless if PAGE_OF.get(name) not in BY_NAME} == set()


def test_headings_inside_code_are_no_headings():
    assert list(headings("# A\n```\n# not one\n```\n## B `c`")) == [(1, "A"), (2, "B `c`")]


def test_search_finds_all_words_in_headings_first():
    pages = (
        GuidePage("a", "# Apples\nRed ones are *sweet*.\n## Sour apples\nGreen."),
        GuidePage("b", "# Pears\nNot apples, but sweet."),
    )
    assert [found.heading for found in search(pages, "apples")] == [
        "Apples", "Sour apples", "Pears",
    ]  # fmt: skip
    assert [found.page for found in search(pages, "SWEET apples")] == ["a", "b"]
    assert search(pages, "sweet")[0].excerpt == "Red ones are sweet."
    assert search(pages, "  ") == []


def test_an_excerpt_of_a_long_line_holds_what_was_looked_for():
    line = "word " * 60 + "needle " + "word " * 60
    (found,) = search((GuidePage("a", f"# A\n{line}"),), "needle")
    assert "needle" in found.excerpt
    assert len(found.excerpt) < 110


def test_contents_search_links_and_back_lead_through_the_pages(guide, qtbot):
    assert guide.page == "index"
    guide.browser.anchorClicked.emit(QUrl("window.md#jobs"))
    assert guide.page == "window"
    assert guide.browser.textCursor().block().text() == "Jobs"
    guide.browser.anchorClicked.emit(QUrl("https://example.org/away.md"))
    assert guide.page == "window"
    guide.go_back()
    assert guide.page == "index"
    guide.search.setFocus()
    qtbot.keyClicks(guide.search, "quality comment")
    assert guide.found.isVisible()
    guide.found.setCurrentRow(0)
    assert guide.page == "first_steps"
    assert "quality" in guide.browser.textCursor().selectedText().casefold()
    qtbot.keyClicks(guide.search, " unfindable")
    assert not guide.found.isVisible()
    guide.search.clear()
    assert guide.contents.isVisible()
    guide.contents.setCurrentItem(guide.contents.topLevelItem(2))
    assert guide.page == "window"


def test_f1_opens_the_page_of_what_has_the_focus(bench, qtbot):
    bench.window.actions_by_name["guide"].trigger()
    qtbot.waitUntil(lambda: bench.window.findChild(GuideWindow) is not None)
    guide = bench.window.findChild(GuideWindow)
    assert guide.isVisible()
    assert not guide.isModal()
    assert guide.page == "index"
    bench.catalogue.table.setFocus()
    bench.features["guide"].open("window")
    assert guide.page == "window"
    guide.close()
