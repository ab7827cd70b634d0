//! How long an answer waits, by what chance gives.

use proptest::prelude::*;

use super::super::latency::{Draw, LONGEST_WAIT_MILLISECONDS, LogNormal, Range};
use super::super::*;

const MIDDLE: Draw = Draw(0.5, 0.25);

fn log_normal(median_milliseconds: u32, sigma: f64) -> Latency {
    Latency::LogNormal(LogNormal {
        median_milliseconds,
        sigma,
    })
}

fn draws() -> impl Strategy<Value = Draw> {
    any::<[u8; 32]>().prop_map(Draw::of)
}

#[test]
fn bytes_give_numbers_from_0_to_below_1() {
    assert_eq!(Draw::of([0; 32]), Draw(0.0, 0.0));
    let Draw(first, second) = Draw::of([255; 32]);
    assert!(first < 1.0 && second < 1.0 && first > 0.999_999);
    let mut bytes = [0; 32];
    (bytes[0], bytes[4]) = (128, 64);
    assert_eq!(Draw::of(bytes), MIDDLE);
}

#[test]
fn a_fixed_time_is_always_the_same() {
    let latency = Latency::FixedMilliseconds(250);
    for draw in [Draw(0.0, 0.0), MIDDLE, Draw(0.99, 0.99)] {
        assert_eq!(latency.milliseconds(draw), 250);
    }
}

#[test]
fn a_uniform_time_reaches_both_ends() {
    let latency = Latency::UniformMilliseconds(Range { from: 10, to: 13 });
    let drawn =
        [0.0, 0.24, 0.25, 0.5, 0.75, 0.999_999].map(|at| latency.milliseconds(Draw(at, 0.0)));
    assert_eq!(drawn, [10, 10, 11, 12, 13, 13]);
}

#[test]
fn a_log_normal_time_has_its_median_in_the_middle() {
    // The cosine of a quarter of a turn is 0, and so is the deviation.
    assert_eq!(log_normal(80, 2.0).milliseconds(MIDDLE), 80);
    assert_eq!(log_normal(80, 0.0).milliseconds(Draw(0.9, 0.0)), 80);
    // One standard deviation up and down: ln(1 - x) is -1/2 at x = 1 - e^(-1/2).
    let one = 1.0 - (-0.5_f64).exp();
    assert_eq!(log_normal(1000, 0.5).milliseconds(Draw(one, 0.0)), 1649);
    assert_eq!(log_normal(1000, 0.5).milliseconds(Draw(one, 0.5)), 607);
}

#[test]
fn half_of_many_log_normal_times_lie_below_the_median() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = || {
        // xorshift64 (Marsaglia, 2003): a stream of bytes that is the same in every run.
        let mut bytes = [0; 32];
        for part in bytes.chunks_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            part.copy_from_slice(&state.to_be_bytes());
        }
        Draw::of(bytes)
    };
    let latency = log_normal(500, 0.5);
    let times: Vec<u32> = (0..4000).map(|_| latency.milliseconds(draw())).collect();
    let below = times.iter().filter(|time| **time < 500).count();
    assert!((1900..2100).contains(&below), "{below} of 4000");
    // One in six and a bit lies more than a standard deviation above it.
    let far = times.iter().filter(|time| **time > 824).count();
    assert!((560..710).contains(&far), "{far} of 4000");
}

proptest! {
    #[test]
    fn every_time_is_within_its_bounds(
        draw in draws(),
        from in 0..=LONGEST_WAIT_MILLISECONDS,
        more in 0..=LONGEST_WAIT_MILLISECONDS,
        sigma in 0.0..=10.0_f64,
    ) {
        let to = (from + more).min(LONGEST_WAIT_MILLISECONDS);
        let uniform = Latency::UniformMilliseconds(Range { from, to }).milliseconds(draw);
        prop_assert!((from..=to).contains(&uniform));
        prop_assert_eq!(Latency::FixedMilliseconds(from).milliseconds(draw), from);
        let drawn = log_normal(from.max(1), sigma).milliseconds(draw);
        prop_assert!(drawn <= LONGEST_WAIT_MILLISECONDS);
    }
}
