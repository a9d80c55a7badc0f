import numpy as np
import pytest

from astrogui.science.template_solve import (
    FEW_CELLS,
    Equations,
    Stack,
    between,
    solve,
    upright,
)


def some_equations(rng, count, cells, terms=3, sign=1.0):
    """Of random vectors beside orthonormal smooth terms, and the data they are fitted to."""
    design = rng.normal(size=(cells, count, 60))
    smooth = np.linalg.qr(rng.normal(size=(60, terms)))[0].T
    data = sign * design[:, 0] + rng.normal(size=(cells, 60))
    data -= data @ smooth.T @ smooth
    rows, columns = np.tril_indices(count)
    penalty = rng.uniform(0.1, 1.0, count)
    equations = Equations(
        np.einsum("cjn,ckn->jkc", design, design)[rows, columns].astype(np.float32),
        np.einsum("cjn,cn->jc", design, data).astype(np.float32),
        np.einsum("pn,cjn->pjc", smooth, design).astype(np.float32),
        penalty.astype(np.float32),
    )
    return equations, design, smooth, data, penalty


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_cell_has_the_solution_of_its_own_least_squares(count):
    equations, design, smooth, data, penalty = some_equations(np.random.default_rng(1), count, 90)
    gain, leading = solve(equations)
    for cell in range(90):
        left = design[cell] - design[cell] @ smooth.T @ smooth
        matrix = left @ left.T + np.diag(penalty)
        coefficients = np.linalg.solve(matrix, left @ data[cell])
        assert gain[cell] == pytest.approx(coefficients @ left @ data[cell], rel=1e-4, abs=1e-4)
        error = np.sqrt(np.linalg.inv(matrix)[0, 0])
        assert leading[cell] == pytest.approx(coefficients[0] / error, rel=1e-3, abs=1e-3)


def test_a_vector_that_the_smooth_terms_tell_counts_for_nothing():
    rng = np.random.default_rng(2)
    smooth = np.linalg.qr(rng.normal(size=(60, 3)))[0].T
    design = np.stack([rng.normal(size=60), 1e4 * smooth.sum(axis=0)])
    rows, columns = np.tril_indices(2)
    data = rng.normal(size=60)
    data -= data @ smooth.T @ smooth
    gain, _ = solve(
        Equations(
            (design @ design.T)[rows, columns][:, None].astype(np.float32),
            (design @ data)[:, None].astype(np.float32),
            (smooth @ design.T)[:, :, None].astype(np.float32),
            np.zeros(2, np.float32),
        )
    )
    left = design[0] - design[0] @ smooth.T @ smooth
    assert gain[0] == pytest.approx((left @ data) ** 2 / (left @ left), rel=1e-3)


def test_stacked_systems_have_to_the_last_bit_what_each_has_alone():
    rng = np.random.default_rng(4)
    systems = [some_equations(rng, 3, cells, sign=sign)[0] for cells, sign in ((70, 1), (20, -1))]
    stack = Stack(3, 3, 90)
    places = [stack.add(one) for one in systems]
    gain, leading = stack.solve()
    for own, one in zip(places, systems, strict=True):
        alone = solve(one)
        np.testing.assert_array_equal(gain[own], alone[0])
        np.testing.assert_array_equal(leading[own], alone[1])
    upside_down = stack_of(systems).gain()[places[1]]
    np.testing.assert_array_equal(upside_down > 0, leading[places[1]] > 0)


def stack_of(systems):
    stack = Stack(3, 3, sum(one.cells for one in systems))
    for one in systems:
        stack.add(one)
    return stack


def test_systems_of_different_sizes_are_solved_as_each_alone():
    rng = np.random.default_rng(3)
    sizes = [(3, 7), (5, FEW_CELLS + 30), (2, 19), (5, 1)]
    systems = [some_equations(rng, count, cells, sign=1.0)[0] for count, cells in sizes]
    systems.append(some_equations(rng, 4, 12, sign=-1.0)[0])
    together = upright(systems)
    assert [len(gain) for gain in together] == [7, FEW_CELLS + 30, 19, 1, 12]
    for system, gained in zip(systems, together, strict=True):
        gain, leading = solve(system)
        np.testing.assert_allclose(gained, np.where(leading > 0, gain, 0.0), rtol=1e-5, atol=1e-5)
    assert not together[-1].all()  # upside down


@pytest.mark.parametrize("cells", [40, 41])
def test_between_every_second_value_lies_a_cubic(cells):
    place = np.arange(cells) / 10.0
    values = 30 + place - place**2 + 0.3 * place**3
    found = between(values[::2], cells)
    np.testing.assert_allclose(found[3:-4], values[3:-4], rtol=1e-9)
    np.testing.assert_array_equal(found[: cells - 1 : 2], values[: cells - 1 : 2])
