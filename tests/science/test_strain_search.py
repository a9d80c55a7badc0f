"""The search's parts: gates, rates, filters, fits, plans over gaps, false-alarm rates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from astrogui.science import gating, search_filter, search_fit, strain_search, template_bank
from astrogui.science.false_alarms import Background, poisson_interval, threshold
from astrogui.science.matched_filter import Templates, prepared, search
from astrogui.science.strain_search import Series, plan
from astrogui.science.waveforms import phenom_d
from astrogui.science.whitening import conditioned, contiguous_stretches, resampled

RATE = 2048.0
START = 1_262_304_000.0
MERGER = START + 17.3
SIGNAL = (30.0, 0.75, 0.1, 0.0)
BANK = Templates(
    np.log(np.array([6.0, 9.0, 14.0, 20.0, 26.0, 29.0, 33.0, 45.0, 80.0])),
    np.full(9, 0.7),
    np.zeros(9),
)


def strain(seconds=32.0, seed=1, megaparsec=900.0, delay_s=0.0, rate=RATE):
    """Coloured Gaussian noise, with a face-on merger where a distance is given."""
    size = int(seconds * rate)
    frequency = np.fft.rfftfreq(size, 1 / rate)
    density = 1e-46 * ((40 / np.maximum(frequency, 10)) ** 8 + 1)
    rng = np.random.default_rng(seed)
    spectrum = rng.normal(size=frequency.size) + 1j * rng.normal(size=frequency.size)
    spectrum *= np.sqrt(density * size / rate / 4)
    if megaparsec is not None:
        inside = frequency > 12
        amplitude, phase = phenom_d(frequency[inside], *(np.array([v]) for v in SIGNAL))
        turn = phase[0] + 2 * np.pi * frequency[inside] * (MERGER - START + delay_s)
        spectrum[inside] += amplitude[0] / megaparsec * np.exp(-1j * turn)
    return np.fft.irfft(spectrum * rate, size)


def pair(**changes):
    return {
        "H1": Series(strain(seed=1, **changes), RATE, START),
        "L1": Series(strain(seed=2, delay_s=0.006, **changes), RATE, START),
    }


@pytest.fixture(scope="module")
def found():
    return list(strain_search.search(pair(), BANK, 8.0))


def test_a_merger_is_found_in_both_detectors_with_its_time(found):
    best = found[0].candidates[0]
    assert best.detectors == ("H1", "L1")
    assert best.fit.gps == pytest.approx((MERGER, MERGER + 0.006), abs=0.003)
    assert np.exp(best.fit.log_chirp_mass) == pytest.approx(SIGNAL[0], rel=0.1)
    assert best.fit.statistic > 15


def test_the_background_leaves_the_merger_out(found):
    assert found[0].background_s > 400  # 29 s shifted by each whole second
    assert found[0].background.max(initial=0) < 9 < found[0].candidates[0].fit.statistic


def test_the_track_of_the_statistic_peaks_at_the_merger(found):
    track = found[0]
    peak = track.track_gps[int(track.track_snr.argmax())]
    assert peak == pytest.approx(MERGER, abs=0.1)


def test_the_fine_stage_agrees_with_a_full_rate_matched_filter(found):
    stretches = {name: prepared(series.samples, RATE, START) for name, series in pair().items()}
    reference = search(stretches, BANK)
    best = found[0].candidates[0].fit
    # A waveform free to vary fits at least as well as the bank's best.
    for ours, theirs in zip(best.snr, reference.snr.values(), strict=True):
        assert ours == pytest.approx(theirs, rel=0.04)


def test_filter_outputs_of_noise_have_unit_variance():
    series = Series(strain(megaparsec=None), RATE, START)
    clean = strain_search.cleaned(series, START, START + 32)
    powers = search_filter.loudest([clean.stretch], search_filter.tables(BANK), START, START + 32)[
        0
    ]
    inner = powers[:, 10 * 64 : 31 * 64]
    # The largest of eight correlated squares of unit complex deviates (of mean two): 3 to 6.
    assert np.all((inner.mean(axis=1) > 2.2) & (inner.mean(axis=1) < 6))


def test_blocks_join_without_a_seam():
    """A stretch longer than a block gives what its parts give."""
    series = Series(strain(seconds=80.0, megaparsec=None), RATE, START)
    clean = strain_search.cleaned(series, START, START + 80)
    tables = search_filter.tables(BANK)
    whole = search_filter.loudest([clean.stretch], tables, START, START + 80)[0]
    part = search_filter.loudest([clean.stretch], tables, START + 40, START + 60)[0]
    assert part == pytest.approx(whole[:, 40 * 64 : 60 * 64], rel=0.05, abs=0.3)


def test_one_detector_is_searched_alone():
    lone = {"L1": Series(strain(), RATE, START)}
    piece = next(iter(strain_search.search(lone, BANK, 8.0)))
    assert piece.candidates[0].detectors == ("L1",)
    assert piece.candidates[0].fit.gps[0] == pytest.approx(MERGER, abs=0.003)
    assert piece.background_s == 0


def test_a_plan_crosses_no_gap_and_uses_one_detector_where_the_other_has_none():
    one, two = strain(), strain(seed=2)
    two[int(12 * RATE) : int(22 * RATE)] = np.nan
    network = {"L1": Series(two, RATE, START), "H1": Series(one, RATE, START)}
    assert [(a - START, b - START, names) for a, b, names in plan(network)] == [
        (0, 12, ("H1", "L1")),
        (12, 22, ("H1",)),
        (22, 32, ("H1", "L1")),
    ]


def test_strain_beyond_a_gap_is_never_touched():
    samples = strain()
    samples[int(16 * RATE)] = np.nan
    wild = samples.copy()
    wild[: int(16 * RATE)] = 1e-15
    for series in (Series(samples, RATE, START), Series(wild, RATE, START)):
        clean = strain_search.cleaned(series, START + 17, START + 32)
        assert clean.stretch.gps_start == pytest.approx(START + 16, abs=0.01)
        assert np.std(clean.stretch.whitened) == pytest.approx(1.0, abs=0.2)


def test_a_long_stretch_is_cut_into_even_pieces():
    lone = {"H1": Series(np.zeros(int(300 * RATE)), RATE, START)}
    pieces = plan(lone)
    assert [end - start for start, end, _ in pieces] == pytest.approx([100, 100, 100])


def test_a_glitch_is_gated_and_the_merger_beside_it_stays():
    samples = strain()
    time = np.arange(samples.size) / RATE
    samples += 3e-20 * np.exp(-(((time - 8.0) / 0.02) ** 2)) * np.sin(2 * np.pi * 120 * time)
    whitened, _, spans = gating.gated(samples, RATE)
    assert len(spans) == 1
    assert spans[0][0] < 8.0 < spans[0][1]
    assert spans[0][1] - spans[0][0] < 1.6
    inside = slice(int(7.8 * RATE), int(8.2 * RATE))
    assert np.abs(whitened[inside]).max() < 6
    clean = gating.gated(strain(), RATE)[0]
    beside = slice(int(12 * RATE), int(30 * RATE))
    assert np.std(whitened[beside] - clean[beside]) < 0.15


def test_a_merger_is_not_gated():
    assert gating.gated(strain(megaparsec=250.0), RATE)[2] == ()


@pytest.mark.parametrize("rate", [1024.0, 3000.0, 4096.0, 16384.0])
def test_a_tone_keeps_time_and_size_at_every_rate(rate):
    time = np.arange(int(8 * rate)) / rate
    ours = resampled(np.sin(2 * np.pi * 100 * time), rate)
    true = np.sin(2 * np.pi * 100 * np.arange(ours.size) / RATE)
    middle = slice(2048, -2048)
    assert ours[middle] == pytest.approx(true[middle], abs=0.01)


def test_what_would_alias_is_removed():
    time = np.arange(8 * 16384) / 16384
    high = resampled(np.sin(2 * np.pi * 1800 * time), 16384.0)  # would appear at 248 Hz
    assert np.abs(high[2048:-2048]).max() < 0.01


@pytest.mark.parametrize("rate", [512.0, 32768.0])
def test_other_rates_are_refused_in_words(rate):
    with pytest.raises(ValueError, match="not within 1024-16384 Hz"):
        conditioned(np.zeros(4096), rate)


def test_strain_of_a_low_rate_is_searched_below_its_limit():
    lone = {"H1": Series(strain(rate=1024.0), 1024.0, START)}
    best = next(iter(strain_search.search(lone, BANK, 8.0))).candidates[0]
    assert best.fit.gps[0] == pytest.approx(MERGER, abs=0.003)
    full = {"H1": Series(strain(), RATE, START)}
    whole = next(iter(strain_search.search(full, BANK, 8.0))).candidates[0]
    assert best.fit.snr[0] == pytest.approx(whole.fit.snr[0], rel=0.12)


def test_contiguous_stretches_of_nothing_but_gaps():
    assert contiguous_stretches(np.full(9, np.nan)) == []


def test_the_louder_detector_counts_for_at_most_three_times_the_other():
    assert search_fit.statistic((6.0, 8.0), (1.0, 1.0)) == pytest.approx(10.0)
    assert search_fit.statistic((3.0, 40.0), (1.0, 1.0)) == pytest.approx(3 * np.sqrt(10))
    assert search_fit.statistic((40.0,), (8.0,)) < 20  # chi-squared lowers it
    assert search_fit.statistic((40.0,), (1.25,)) == pytest.approx(40)  # as noise may raise it


def test_a_poisson_interval_misses_as_often_as_it_says():
    low, high = poisson_interval(7, 0.9)
    assert poisson.sf(6, low) == pytest.approx(0.05)
    assert poisson.cdf(7, high) == pytest.approx(0.05)
    assert poisson_interval(0, 0.9)[0] == 0


def test_a_rate_counts_what_is_as_loud_and_the_candidate_itself():
    noise = Background()
    assert noise.rate(5.0) is None
    noise.add(np.array([5.0, 6.0]), 1800.0)
    noise.add(np.array([7.0]), 1800.0)
    assert noise.rate(6.0).per_hour == pytest.approx(3.0)
    assert noise.rate(9.0).per_hour == pytest.approx(1.0)
    assert noise.rate(6.0).low < 2.0 < noise.rate(6.0).high


def test_a_threshold_is_exceeded_as_often_as_allowed():
    statistics = np.arange(100, dtype=float)
    level = threshold(statistics, 10 * 3600.0, 1.0)
    assert np.sum(statistics > level) == 10
    with pytest.raises(ValueError, match="cannot tell"):
        threshold(statistics, 60.0, 1.0)


def test_a_placed_bank_covers_what_was_proposed():
    gain = np.interp(search_fit.FREQUENCY_HZ, [20, 40, 900], [0.01, 1.0, 0.3])
    rng = np.random.default_rng(1)
    drawn = template_bank.random_binaries(400, rng)
    heavy = drawn.log_chirp_mass > np.log(25)
    drawn = template_bank.Binaries(*(column[heavy] for column in drawn))
    drawn = drawn._replace(spin_2=drawn.spin_1)
    bank = template_bank.Placing(gain, 0.9)
    bank.propose(drawn)
    again = template_bank.Placing(gain, 0.9)
    assert 0 < bank.size < heavy.sum()
    waves = template_bank.unit_waves(gain, drawn)
    near = [bank.best(wave, mass)[0] for wave, mass in zip(waves, drawn[0], strict=True)]
    assert min(near) >= 0.9
    assert again.best(waves[0], drawn[0][0]) == (0.0, -1)
    assert np.all(np.diff(bank.templates().log_chirp_mass) >= 0)


def test_drawn_binaries_lie_in_the_range():
    drawn = template_bank.random_binaries(500, np.random.default_rng(2), 1.0)
    assert all(
        template_bank.inside(mass, ratio) and 0.125 <= ratio <= 1
        for mass, ratio in zip(drawn.log_chirp_mass, drawn.ratio, strict=True)
    )


def test_long_strain_gets_fewer_shifts_a_piece():
    assert strain_search.shifts_for(1) == strain_search.SHIFTS
    assert strain_search.shifts_for(100) < strain_search.SHIFTS


def test_the_likelihood_ratio_is_that_of_one_waveform_where_there_is_one():
    ratio = search_fit.likelihood_ratio
    assert ratio(np.array([64.0]), np.ones(1)) == pytest.approx(8.0)
    # Two as loud count as one that is e^(ln 2) likelier; a prior's weight counts likewise.
    assert ratio(np.array([64.0, 64.0]), np.ones(2)) == pytest.approx(np.sqrt(64 + 2 * np.log(2)))
    assert ratio(np.array([64.0]), np.array([0.1])) < 8
    assert ratio(np.array([900.0, 1.0]), np.array([1.0, 5.0])) == pytest.approx(30.0)
    assert ratio(np.array([0.5]), np.array([1e-3])) == 0  # never below nothing


def test_weights_of_a_bank_are_the_share_of_the_prior_that_a_template_stands_for():
    few, many = np.linspace(np.log(40), np.log(80), 5), np.linspace(np.log(6), np.log(12), 200)
    masses = np.concatenate([many, few])
    bank = Templates(masses, np.full(masses.size, 0.7), np.zeros(masses.size))
    weight = template_bank.prior_weights(bank)
    assert weight.mean() == pytest.approx(1)
    assert weight[200:].min() > 5 * weight[:200].max()
    # A bank laid as densely as the prior has equal weights.
    drawn = template_bank.random_binaries(4000, np.random.default_rng(1))
    even = Templates(drawn.log_chirp_mass, drawn.ratio, drawn.spin_1)
    assert template_bank.prior_weights(even) == pytest.approx(1, abs=0.15)


def test_the_statistic_is_the_banks_lowered_by_what_chi_squared_takes():
    def fit(chi_squared):
        snr = (6.0, 8.0)
        value = search_fit.statistic(snr, chi_squared)
        return search_fit.Fitted((0.0, 0.0), snr, chi_squared, value, 3.4, 0.7, 0.0)

    assert search_fit.ranked(fit((1.2, 0.8)), 9.5).statistic == pytest.approx(9.5)
    assert search_fit.ranked(fit((1.2, 3.0)), 9.5).statistic < 8.5
    lone = search_fit.Fitted((0.0,), (0.0,), (1.0,), 0.0, 3.4, 0.7, 0.0)
    assert search_fit.ranked(lone, 3.0).statistic == 0


def test_shifted_coincidences_count_as_when_each_is_fitted(found):
    """Faint ones are counted by what they are at most, without a fit: never fewer."""
    clean = {name: strain_search.cleaned(one, START, START + 32) for name, one in pair().items()}
    tables = search_filter.tables(BANK)
    stretches = [one.stretch for one in clean.values()]
    powers = search_filter.loudest(stretches, tables, START, START + 32)
    coarse = strain_search.Coarse(clean, BANK, START, powers)
    shift = 64
    each = sorted(one.fit.statistic for one in coarse.candidates(shift))
    counted = sorted(coarse._statistics(shift))
    loud = [value for value in each if value >= strain_search.WORTH_A_FIT]
    assert loud  # the merger in one detector beside noise in the other
    assert [v for v in counted if v >= strain_search.WORTH_A_FIT] == pytest.approx(loud)
    assert len(counted) >= len(each) - 1
