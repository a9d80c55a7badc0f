"""DS9 region files: what is read, what is refused in words, and that nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astrogui.science.region_file import HEADING, read_regions, region_text, written_regions
from astrogui.science.regions import SHAPES, Region

EVERYTHING = f"""{HEADING}
# made by hand
global color=green dashlist=8 3 width=1 font="helvetica 10 normal roman" select=1 dash=0
icrs
ellipse(202.475,+47.202,10",4",20) # color=red text={{M51 = "the Whirlpool"}} tag={{a}} tag={{b}}
-circle(13:29:54.0,+47:12:10,0.5') # background
galactic;box(104.85d,68.56d,12",5",30) # width=3
# text(104.8,68.5) text={{not an area}}
panda(104.8,68.5,0,360,4,0,10",1)
fk4
circle(202.0,47.0,10")
image
point(100.5,30) # point=cross 12 text='it{{self'
line(1,2,30,40) # line=1 0
polygon(1,1 10,1 10,10)
annulus(50,50,5,8,12)
ellipse(50,50,5,8,9,12,0)
circle(40,40,3r)
circle 20 30 4
box(10,20,30)
blob(1,2,3)
circle(1,2
physical
circle(100,200,30) || # color=#ff8800
"""


def parsed(words, frame="fk5"):
    file = read_regions(f"{frame}\n{words}\n")
    assert not file.refused, file.refused
    return file.regions[0]


def test_shapes_frames_units_and_properties_are_read():
    regions = read_regions(EVERYTHING).regions
    ellipse, circle, box, point, line, polygon, annulus = regions[:7]
    assert (ellipse.frame, ellipse.points, ellipse.sizes, ellipse.angle_deg) == (
        "icrs",
        ((202.475, 47.202),),
        (10.0, 4.0),
        20.0,
    )
    assert ellipse.label == 'M51 = "the Whirlpool"'
    assert ellipse.colour == "red"
    assert [value for key, value in ellipse.properties if key == "tag"] == ["a", "b"]
    assert ellipse.says("dashlist") == "8 3"
    assert not circle.include
    assert circle.points[0] == pytest.approx((202.475, 47.2027777778))
    assert circle.sizes == (30.0,)
    assert circle.properties == (("background", ""),)
    assert (box.frame, box.points, box.colour) == ("galactic", ((104.85, 68.56),), "green")
    assert (point.label, point.says("point")) == ("it{self", "cross 12")
    assert line.points == ((1.0, 2.0), (30.0, 40.0))
    assert polygon.points == ((1.0, 1.0), (10.0, 1.0), (10.0, 10.0))
    assert annulus.sizes == (5.0, 8.0, 12.0)
    assert regions[-1].joined
    assert regions[-1].colour == "#ff8800"
    assert {region.shape for region in regions} == set(SHAPES)


def test_what_is_not_drawn_is_named_with_its_line():
    refused = "\n".join(read_regions(EVERYTHING).refused)
    for words in (
        "line 8: text is no shape",
        'line 9: "panda" is no shape',
        'line 11: positions in the frame "fk4"',
        "line 17: ellipse regions of several rings",
        "line 20: a box has 2 size(s), got 0",
        'line 21: "blob" is no shape',
        "line 22: the circle has no closing bracket",
    ):
        assert words in refused, (words, refused)


def test_a_round_trip_loses_nothing():
    once = read_regions(EVERYTHING)
    text = written_regions(once.entries)
    again = read_regions(text)
    assert again.regions == once.regions
    assert written_regions(again.entries) == text
    for words in ('panda(104.8,68.5,0,360,4,0,10",1)', "# made by hand", "fk4", "13:29:54.0"):
        assert words in text
    reasons = [[line.partition(": ")[2] for line in file.refused] for file in (once, again)]
    assert reasons[0] == reasons[1]


@pytest.mark.parametrize(
    ("words", "arcsec"),
    [
        ("circle(1,2,0.5)", 1800.0),  # a bare number counts degrees on the sky
        ('circle(1,2,0.5")', 0.5),
        ("circle(1,2,0.5')", 30.0),
        ("circle(1,2,0.5d)", 1800.0),
        ("circle(1,2,0.001r)", 206.264806247),
    ],
)
def test_a_length_keeps_its_unit(words, arcsec):
    region = parsed(words)
    assert region.sizes == pytest.approx((arcsec,))
    moved = replace(region, points=((1.5, 2.0),))
    assert parsed(region_text(moved)).sizes == pytest.approx((arcsec,))
    assert '"' in region_text(moved)


@pytest.mark.parametrize(
    ("first", "second", "frame", "degrees"),
    [
        ("12:30:00", "-00:30:00", "fk5", (187.5, -0.5)),
        ("12h30m0s", "-0d30m0s", "icrs", (187.5, -0.5)),
        ("12:30:00", "-00:30:00", "galactic", (12.5, -0.5)),
        ("-10", "+5", "fk5", (350.0, 5.0)),
        ("187.5d", "-0.5d", "fk5", (187.5, -0.5)),
        ("3.2724923474893678r", "0", "icrs", (187.5, 0.0)),
    ],
)
def test_positions_in_every_notation(first, second, frame, degrees):
    assert parsed(f'circle({first},{second},1")', frame).points[0] == pytest.approx(degrees)


@pytest.mark.parametrize(
    "words",
    ["circle(1,2,-3)", "circle(1,nan,3)", "circle(1,95,3)", "circle(1,2)", "circle()", "circle",
     "annulus(1,2,5,4)", "polygon(1,2,3,4)", "line(1,2,3)", "circle(12:60:00,1,3)", "box(a,b,c)",
     "circle(1e999,1,1)", 'ellipse(1,2,3",4i,5)', ")(", "(((", "-", "+", "circle(1,2,3))"],
)  # fmt: skip
def test_a_broken_region_is_refused_in_words_and_kept(words):
    file = read_regions(f"icrs\ncircle(1,2,3)\n{words} # text={{x}}\n")
    assert len(file.regions) == 1
    assert file.refused
    assert file.refused[0].startswith("line 3: ")
    assert f"{words} # text={{x}}" in written_regions(file.entries)


@pytest.mark.parametrize("label", ["a}b", 'a"b', "a'b", "a{b", "x=1 color=red", "", "α #5; b"])
def test_a_label_comes_back_whatever_marks_it_has(label):
    region = replace(parsed('circle(1,2,3")'), text="").with_property("text", label)
    again = parsed(region_text(region))
    assert again.label == label
    assert again.colour == "green"


def test_a_property_that_is_taken_away_hides_the_global_one():
    region = read_regions("global width=3\nimage\ncircle(1,2,3)").regions[0]
    assert region.says("width") == "3"
    assert region.with_property("width", "").says("width") == ""
    assert region.with_property("text", "").properties == ()


def test_a_text_that_is_no_region_file():
    with pytest.raises(ValueError, match="no region file"):
        read_regions("SIMPLE\x00")


numbers = st.floats(-1e5, 1e5, allow_nan=False)
sizes = st.floats(1e-3, 1e5)


@st.composite
def regions(draw):
    shape = draw(st.sampled_from(SHAPES))
    frame = draw(st.sampled_from(["image", "physical", "icrs", "fk5", "galactic", "ecliptic"]))
    place = (
        st.tuples(numbers, numbers)
        if frame in {"image", "physical"}
        else st.tuples(st.floats(0, 359.9), st.floats(-90, 90))
    )
    count = {"polygon": draw(st.integers(3, 6)), "line": 2}.get(shape, 1)
    how_many = {"circle": 1, "ellipse": 2, "box": 2, "annulus": 3}.get(shape, 0)
    values = sorted(draw(st.lists(sizes, min_size=how_many, max_size=how_many, unique=True)))
    return Region(
        shape=shape,
        frame=frame,
        points=tuple(draw(place) for _ in range(count)),
        sizes=tuple(values),
        size_unit=draw(st.sampled_from(["arcsec", "pixel", "physical"])),
        angle_deg=draw(st.floats(0, 360)) if shape in {"ellipse", "box"} else 0.0,
        include=draw(st.booleans()),
        properties=(("text", draw(st.text("ab c={;#'", max_size=8)).strip()),),
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(regions(), max_size=5))
def test_any_regions_are_written_and_read_alike(made):
    file = read_regions(written_regions(made))
    assert not file.refused
    assert len(file.regions) == len(made)
    for region, again in zip(made, file.regions, strict=True):
        assert (again.shape, again.frame, again.include) == (
            region.shape,
            region.frame,
            region.include,
        )
        assert again.sizes == pytest.approx(region.sizes, rel=1e-9)
        assert again.angle_deg == pytest.approx(region.angle_deg, abs=1e-7)
        assert again.label == region.label
        for point, there in zip(region.points, again.points, strict=True):
            assert there == pytest.approx(point, rel=1e-9, abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(st.text("circle bx(),;#\"'{}-+0123.:dr\nimagefk5|=", max_size=80))
def test_no_text_breaks_the_reader(text):
    file = read_regions(text)
    assert read_regions(written_regions(file.entries)).regions == file.regions
