"""What several graders of one project agree on, and the rows on which they do not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from astrogui.records.judgement import cells
from astrogui.session import agreement
from astrogui.session.agreement import Coefficient

STAR_GRADE, CERTAIN = 6, 4  # a star is as certain as the best grade: so it stands on their scale
GRADES = (0, 1, 2, 3, CERTAIN)
FAR_KM_S = 1000.0  # redshifts further apart than this are different answers
FAR_GRADES = 2
GRADED_FIELDS = ("user_class", "user_quality", "user_z")

ByAuthor = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldAgreement:
    """How the graders agree on class or quality."""

    field: str
    categories: tuple[str, ...]
    coefficients: tuple[Coefficient, ...]
    tables: dict[tuple[str, str], NDArray[np.int64]]  # confusion of each two graders


@dataclass(frozen=True, slots=True, kw_only=True)
class RedshiftAgreement:
    """How far two graders' redshifts lie apart."""

    graders: tuple[str, str]
    rows: int
    median_km_s: float
    apart: int  # rows with more than ``FAR_KM_S`` between them


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A row on which graders differ; ``weight`` is larger for what matters more."""

    row_id: int
    reasons: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """The agreement of a project's graders."""

    graders: tuple[str, ...]
    graded: dict[str, int]  # rows each of them graded
    unblinded: dict[str, int]  # of these, graded after a look at the others' grades
    fields: tuple[FieldAgreement, ...]
    redshifts: tuple[RedshiftAgreement, ...]
    disagreements: tuple[Disagreement, ...]  # not yet agreed on, the weightiest first


def agree(
    grades: Mapping[int, ByAuthor],
    unblinded: Iterable[tuple[int, str]] = (),
    agreed: str = "",
    seed: int = 1,
) -> Agreement:
    """The agreement over rows of judgements by author; ``agreed`` is who the agreed ones are of."""
    names = sorted({name for by_author in grades.values() for name in by_author} - {agreed})
    judged = {
        name: sum(_is_graded(by_author.get(name, {})) for by_author in grades.values())
        for name in names
    }
    looked = [(row, name) for row, name in unblinded if row in grades and name in judged]
    return Agreement(
        graders=tuple(names),
        graded=judged,
        unblinded={name: sum(other == name for _, other in looked) for name in names},
        fields=tuple(
            found
            for field in ("user_class", "user_quality")
            if (found := _field_agreement(grades, names, field, seed)) is not None
        ),
        redshifts=tuple(
            apart
            for pair in combinations(names, 2)
            if (apart := _redshift_agreement(grades, pair)) is not None
        ),
        disagreements=disagreements(grades, agreed),
    )


def disagreements(grades: Mapping[int, ByAuthor], agreed: str = "") -> tuple[Disagreement, ...]:
    """Rows whose graders differ in class, by two grades or by 1000 km/s, weightiest first."""
    found = (_disagreement(row_id, by_author, agreed) for row_id, by_author in grades.items())
    return tuple(
        sorted((one for one in found if one is not None), key=lambda d: (-d.weight, d.row_id))
    )


def lines(report: Agreement) -> list[str]:
    """The report for a terminal."""
    words = [f"{name}: {report.graded[name]} rows graded" + _blind_words(report, name)
             for name in report.graders]  # fmt: skip
    if len(report.graders) < 2:
        return [*words, "Agreement wants two graders."]
    for field in report.fields:
        words += ["", field.field.removeprefix("user_").capitalize()]
        words += [f"  {coefficient_words(one)}" for one in field.coefficients]
        for (first, second), table in field.tables.items():
            words += [f"  {first} (down) and {second} (across)", *_table_lines(field, table)]
    if report.redshifts:
        words += ["", "Redshift"]
        words += [f"  {redshift_words(one)}" for one in report.redshifts]
    words += ["", f"{len(report.disagreements)} rows to agree on"]
    return words


def coefficient_words(one: Coefficient) -> str:
    if not math.isfinite(one.value):
        return f"{one.name}: not defined over {one.rows} rows (one category alone, or none)"
    return f"{one.name} = {one.value:.3f} [{one.low:.3f}, {one.high:.3f}] 95 %, {one.rows} rows"


def redshift_words(one: RedshiftAgreement) -> str:
    first, second = one.graders
    return (
        f"{first} and {second}: {one.rows} rows, median |Δv| {one.median_km_s:.0f} km/s, "
        f"{one.apart} by more than {FAR_KM_S:.0f} km/s"
    )


def on_scale(quality: int) -> int:
    """A grade on the scale 0 to 4: a star counts as certain."""
    return CERTAIN if quality == STAR_GRADE else quality


def _field_agreement(
    grades: Mapping[int, ByAuthor], names: Sequence[str], field: str, seed: int
) -> FieldAgreement | None:
    categories, values = _values(grades, names, field)
    if len(names) < 2 or not categories:
        return None
    count = len(categories)
    tables = {
        (names[i], names[j]): agreement.confusion(values[i], values[j], count)
        for i, j in combinations(range(len(names)), 2)
    }
    return FieldAgreement(
        field=field,
        categories=categories,
        coefficients=_coefficients(field, values, tables, count, seed),
        tables=tables,
    )


def _coefficients(
    field: str,
    values: NDArray[np.int64],
    tables: Mapping[tuple[str, str], NDArray[np.int64]],
    count: int,
    seed: int,
) -> tuple[Coefficient, ...]:
    """Kappa for two graders, alpha for more; of a quality also with weights, or by rank."""
    is_scale = field == "user_quality"
    found = []
    for (first, second), table in tables.items():
        whose = "" if len(tables) == 1 else f" of {first} and {second}"
        kinds: tuple[agreement.Weights, ...] = ("none", "quadratic") if is_scale else ("none",)
        for weights in kinds:
            title = "Cohen’s kappa" if weights == "none" else "kappa with quadratic weights"
            low, high = agreement.cohen_interval(table, weights, seed)
            found.append(Coefficient(
                name=title + whose, value=agreement.cohen_kappa(table, weights),
                low=low, high=high, rows=int(table.sum()),
            ))  # fmt: skip
    if len(values) > 2:
        found = [*_of_many(values, count, is_scale, seed), *found]
    return tuple(found)


def _of_many(values: NDArray[np.int64], count: int, is_scale: bool, seed: int) -> list[Coefficient]:
    counts = agreement.counts_of(values, count)
    level: agreement.Level = "ordinal" if is_scale else "nominal"
    low, high = agreement.krippendorff_interval(counts, level, seed)
    rows = int((counts.sum(axis=1) >= 2).sum())
    found = [
        Coefficient(
            name=f"Krippendorff’s alpha ({level})",
            value=agreement.krippendorff_alpha(counts, level), low=low, high=high, rows=rows,
        )
    ]  # fmt: skip
    whole = counts[counts.sum(axis=1) == len(values)]
    if len(whole):
        # Rows that all have graded: alpha's interval there is kappa's but for 1 part in the rows.
        low, high = agreement.krippendorff_interval(whole, "nominal", seed)
        found.append(Coefficient(
            name="Fleiss’ kappa", value=agreement.fleiss_kappa(whole), low=low, high=high,
            rows=len(whole),
        ))  # fmt: skip
    return found


def _values(
    grades: Mapping[int, ByAuthor], names: Sequence[str], field: str
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The categories and each grader's, (graders, rows), -1 where not judged."""
    if field == "user_quality":
        categories = tuple(str(grade) for grade in GRADES)
        number = {grade: place for place, grade in enumerate(categories)}
        number[str(STAR_GRADE)] = number[str(CERTAIN)]
    else:
        spelt: dict[str, str] = {}
        for by_author in grades.values():
            for fields in by_author.values():
                if field in fields:
                    spelt.setdefault(fields[field].casefold(), fields[field])
        categories = tuple(spelt[key] for key in sorted(spelt))
        number = {key: place for place, key in enumerate(sorted(spelt))}
    values = np.array(
        [
            [number.get(by.get(name, {}).get(field, "").casefold(), -1) for by in grades.values()]
            for name in names
        ],
        np.int64,
    ).reshape(len(names), len(grades))
    return (categories if (values >= 0).any() else ()), values


def _redshift_agreement(
    grades: Mapping[int, ByAuthor], pair: tuple[str, str]
) -> RedshiftAgreement | None:
    apart = [
        agreement.velocity_difference_km_s(
            float(by[pair[0]]["user_z"]), float(by[pair[1]]["user_z"])
        )
        for by in grades.values()
        if all("user_z" in by.get(name, {}) for name in pair)
    ]
    if not apart:
        return None
    return RedshiftAgreement(
        graders=pair, rows=len(apart), median_km_s=float(np.median(apart)),
        apart=sum(value > FAR_KM_S for value in apart),
    )  # fmt: skip


def _disagreement(row_id: int, by_author: ByAuthor, agreed: str) -> Disagreement | None:
    settled = by_author.get(agreed, {})
    judged = {name: cells(fields) for name, fields in by_author.items() if name != agreed}
    reasons: list[str] = []
    weight = 0.0

    def given(field: str) -> dict[str, object]:
        if field in settled:
            return {}
        return {name: row[field] for name, row in judged.items() if row[field] is not None}

    classes = given("user_class")
    if len({str(value).casefold() for value in classes.values()}) > 1:
        reasons.append("class " + _each(classes))
        weight += 4
    redshifts = {name: float(str(value)) for name, value in given("user_z").items()}
    if len(redshifts) > 1:
        apart = agreement.velocity_difference_km_s(max(redshifts.values()), min(redshifts.values()))
        if apart > FAR_KM_S:
            reasons.append(f"redshift {_each(redshifts)}: {apart:,.0f} km/s")
            weight += 2 + apart / (apart + 1e5)
    qualities = {name: int(str(value)) for name, value in given("user_quality").items()}
    steps = [on_scale(value) for value in qualities.values()]
    if steps and max(steps) - min(steps) >= FAR_GRADES:
        reasons.append("quality " + _each(qualities))
        weight += (max(steps) - min(steps)) / CERTAIN
    return Disagreement(row_id=row_id, reasons=tuple(reasons), weight=weight) if reasons else None


def _each(values: Mapping[str, object]) -> str:
    return ", ".join(f"{value} ({name})" for name, value in sorted(values.items()))


def _is_graded(fields: Mapping[str, str]) -> bool:
    return any(field in fields for field in GRADED_FIELDS)


def _blind_words(report: Agreement, name: str) -> str:
    count = report.unblinded[name]
    return f", {count} of them after a look at the others’ grades" if count else ""


def _table_lines(field: FieldAgreement, table: NDArray[np.int64]) -> list[str]:
    width = max(6, *(len(name) for name in field.categories)) + 1
    head = "    " + " " * width + "".join(f"{name:>{width}}" for name in field.categories)
    return [head] + [
        f"    {name:<{width}}" + "".join(f"{value:>{width}}" for value in row)
        for name, row in zip(field.categories, table, strict=True)
    ]
