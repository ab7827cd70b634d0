//! What is measured, and how. Everything is a comparison within one run, in short slices that take
//! turns, so that what else the machine does meets both sides; of the slices, the median counts.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use crate::clock::Stopwatch;
use crate::grants::KnownGrants;
use crate::load::Load;
use crate::report::{Figure, Report};
use crate::requests::{Client, Requests, plain};
use crate::servers::{Cores, Programs, Server};
use crate::targets::Quantity;
use crate::{Failure, PROFILE, profile};

/// The seed of every server: the tokens, and so the requests, are the same in every run.
const SEED: &str = "benchmark";

/// How many tokens are looked at to see whether the answers were true.
const SAMPLE: usize = 20;

/// How much is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Plan {
    /// Connections of the load, kept alive.
    pub connections: usize,
    /// Grants of the large ledger.
    pub large_ledger: usize,
    /// Grants of the small ledger.
    pub small_ledger: usize,
    /// Slices of each server, after one to warm up.
    pub slices: usize,
    /// Requests of a slice.
    pub slice_requests: usize,
    /// Rounds in which the ledgers are compared: the small one is filled anew for each.
    pub ledger_rounds: usize,
    /// Requests before each of these that revoke nothing, and fill the journal.
    pub ledger_warm_up: usize,
    /// Starts of each server.
    pub starts: usize,
}

impl Plan {
    /// What the figures are quoted from.
    pub const fn full() -> Self {
        Self {
            connections: 32,
            large_ledger: 1_000_000,
            small_ledger: 1_000,
            slices: 14,
            slice_requests: 30_000,
            ledger_rounds: 41,
            ledger_warm_up: 11_000,
            starts: 20,
        }
    }

    /// Whether it works.
    pub const fn quick() -> Self {
        Self {
            connections: 4,
            large_ledger: 1_000,
            small_ledger: 50,
            slices: 2,
            slice_requests: 100,
            ledger_rounds: 2,
            ledger_warm_up: 20,
            starts: 1,
        }
    }

    /// Requests that warm up or are measured, against each server.
    const fn requests(&self) -> usize {
        (self.slices + 1) * self.slice_requests
    }
}

/// A server and the connections to it.
struct Side {
    server: Server,
    load: Load,
}

/// What a slice took.
#[derive(Clone, Copy, Debug)]
struct Slice {
    seconds: f64,
    processor_nanoseconds: f64,
    requests: f64,
}

/// The slices of two servers, in turns.
#[derive(Debug, Default)]
struct Comparison(Vec<(Slice, Slice)>);

/// Figures as they come.
#[derive(Debug, Default)]
struct Findings {
    figures: Vec<Figure>,
    information: BTreeMap<&'static str, f64>,
}

/// Measures everything, and says what it is at.
pub fn measure(plan: Plan, programs: &Programs, say: &dyn Fn(&str)) -> Result<Report, Failure> {
    let cores = Cores::divide();
    let mut findings = Findings::default();
    say("starting each server a few times");
    starts(plan, programs, &cores, &mut findings)?;

    say("minting the grants of the large ledger");
    let large = Server::provider(&programs.ledger, SEED, &cores)?;
    let mut large = Side::of(large, plan)?;
    memory(plan, &mut large, &mut findings)?;
    let grants = KnownGrants::of(&Arc::new(profile(PROFILE)?), SEED, plan.large_ledger);
    let client = Client::of(&grants);
    let (to_revoke, rest) = some(&grants.tokens, plan.requests().div_ceil(2))?;
    let (to_refresh, rest) = some(rest, plan.requests())?;
    let (to_compare, _) = some(rest, plan.ledger_rounds * plan.small_ledger)?;

    let mut bare = Side::of(Server::bare(programs, &cores)?, plan)?;
    say("revoking");
    large.expect_active(&client, to_revoke, true)?;
    let revocations = Comparison::run(plan, &mut bare, &mut large, &client.revocations(to_revoke))?;
    large.expect_active(&client, to_revoke, false)?;
    say("refreshing");
    let refreshes = Comparison::run(plan, &mut bare, &mut large, &client.refreshes(to_refresh))?;
    // The refresh tokens were replaced: each is dead, and its grant's first access token is not.
    large.expect_active(&client, to_compare, true)?;
    drop(bare);
    say("comparing the large ledger with a small one");
    let ledgers = ledgers(plan, programs, &cores, &mut large, &client, to_compare)?;

    findings.rates(
        [Quantity::RevokeRate, Quantity::RevokeProcessor],
        &revocations,
    );
    findings.rates(
        [Quantity::RefreshRate, Quantity::RefreshProcessor],
        &refreshes,
    );
    findings.rates([Quantity::LargeRate, Quantity::LargeProcessor], &ledgers);
    findings.note(
        "bare_per_second",
        revocations.median(|(bare, _)| bare.rate()),
    );
    findings.note(
        "bare_microseconds",
        revocations.median(|(bare, _)| bare.microseconds()),
    );
    findings.note(
        "revoke_per_second",
        revocations.median(|(_, own)| own.rate()),
    );
    findings.note(
        "revoke_microseconds",
        revocations.median(|(_, own)| own.microseconds()),
    );
    findings.note(
        "refresh_per_second",
        refreshes.median(|(_, own)| own.rate()),
    );
    findings.note(
        "refresh_microseconds",
        refreshes.median(|(_, own)| own.microseconds()),
    );
    findings.figures.sort_by_key(|figure| figure.quantity);
    Ok(Report {
        schema: "rescind.benchmark/1",
        plan,
        cores: cores.counts(),
        figures: findings.figures,
        information: findings.information,
    })
}

/// Start to first answer, and what is resident then. `rescind provider` itself is started: what the
/// program brings along is part of its start and of its size.
fn starts(
    plan: Plan,
    programs: &Programs,
    cores: &Cores,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let first_request = plain("POST", "/_rescind/grants");
    let start = |server: &dyn Fn() -> Result<Server, Failure>| {
        let stopwatch = Stopwatch::start();
        let server = server()?;
        let answer = Load::connect(server.address(), 1)?.ask(&first_request)?;
        let milliseconds = stopwatch.elapsed().as_secs_f64() * 1e3;
        match answer.status {
            200 => Ok((milliseconds, server.resident_bytes()? as f64 / 1e6)),
            status => Err(Failure::new(
                format!("the first answer is {status} and not 200"),
                "what is measured must succeed",
            )),
        }
    };
    let (mut bare, mut own) = (Vec::new(), Vec::new());
    for _ in 0..plan.starts {
        bare.push(start(&|| Server::bare(programs, cores))?);
        own.push(start(&|| Server::provider(&programs.rescind, SEED, cores))?);
    }
    let milliseconds = |starts: &[(f64, f64)]| median(starts.iter().map(|start| start.0));
    let megabytes = |starts: &[(f64, f64)]| median(starts.iter().map(|start| start.1));
    let (bare_start, own_start) = (milliseconds(&bare), milliseconds(&own));
    findings.figure(Quantity::Start, own_start - bare_start);
    findings.figure(Quantity::Idle, megabytes(&own));
    findings.note("start_milliseconds", own_start);
    findings.note("bare_start_milliseconds", bare_start);
    findings.note("bare_idle_megabytes", megabytes(&bare));
    Ok(())
}

/// Fills the large ledger, and sees what it takes.
fn memory(plan: Plan, large: &mut Side, findings: &mut Findings) -> Result<(), Failure> {
    large.load.ask(&plain("GET", "/_rescind"))?;
    let empty = large.server.resident_bytes()?;
    large.server.fill(plan.large_ledger)?;
    let full = large.server.resident_bytes()?;
    let each = full.saturating_sub(empty) as f64 / plan.large_ledger as f64;
    findings.figure(Quantity::Grant, each);
    Ok(())
}

/// Revocations at a small ledger, filled anew for each round, beside as many at the large one.
/// Before each, both get requests that revoke nothing, so that both have a journal that is full.
fn ledgers(
    plan: Plan,
    programs: &Programs,
    cores: &Cores,
    large: &mut Side,
    client: &Client,
    of_large: &[(String, String)],
) -> Result<Comparison, Failure> {
    let mut small = Side::of(Server::provider(&programs.ledger, SEED, cores)?, plan)?;
    let of_small = KnownGrants::of(&Arc::new(profile(PROFILE)?), SEED, plan.small_ledger);
    let at_small = client.revocations(&of_small.tokens);
    let none: Vec<(String, String)> = (0..plan.ledger_warm_up)
        .map(|number| (format!("never-issued-{number}"), String::new()))
        .collect();
    let nothing = client.revocations(&none);
    let mut comparison = Comparison::default();
    for (round, tokens) in of_large.chunks_exact(plan.small_ledger).enumerate() {
        let at_large = client.revocations(tokens);
        small.server.fill(plan.small_ledger)?;
        small.expect_active(client, &of_small.tokens, true)?;
        let measure = |side: &mut Side, requests: &Requests| {
            side.load.send(&nothing, 0..plan.ledger_warm_up)?;
            side.slice(requests, 0..requests.len())
        };
        let slices = in_turns(round, &mut || measure(&mut small, &at_small), &mut || {
            measure(large, &at_large)
        })?;
        comparison.0.push(slices);
        small.expect_active(client, &of_small.tokens, false)?;
    }
    large.expect_active(client, of_large, false)?;
    let looked_at = 4 * SAMPLE.min(plan.small_ledger);
    small.expect_journalled(plan.ledger_warm_up + at_small.len() + looked_at)?;
    Ok(comparison)
}

/// Measures two sides, each first as often as the other.
fn in_turns(
    round: usize,
    first: &mut dyn FnMut() -> Result<Slice, Failure>,
    second: &mut dyn FnMut() -> Result<Slice, Failure>,
) -> Result<(Slice, Slice), Failure> {
    if round.is_multiple_of(2) {
        let slice = first()?;
        Ok((slice, second()?))
    } else {
        let slice = second()?;
        Ok((first()?, slice))
    }
}

impl Side {
    fn of(server: Server, plan: Plan) -> Result<Self, Failure> {
        let load = Load::connect(server.address(), plan.connections)?;
        Ok(Self { server, load })
    }

    fn slice(&mut self, requests: &Requests, range: Range<usize>) -> Result<Slice, Failure> {
        let count = range.len();
        let before = self.server.processor_time()?;
        let duration = self.load.send(requests, range)?;
        let after = self.server.processor_time()?;
        Ok(Slice {
            seconds: duration.as_secs_f64(),
            processor_nanoseconds: after.saturating_sub(before) as f64,
            requests: count as f64,
        })
    }

    /// Asks the provider by another way whether its answers were true.
    fn expect_active(
        &mut self,
        client: &Client,
        tokens: &[(String, String)],
        active: bool,
    ) -> Result<(), Failure> {
        let sample = &tokens[..SAMPLE.min(tokens.len())];
        let questions = client.introspections(sample);
        let wanted = format!("\"active\":{active}");
        for index in 0..questions.len() {
            let answer = self.load.ask(questions.get(index).unwrap_or_default())?;
            if !String::from_utf8_lossy(&answer.body).contains(&wanted) {
                return Err(Failure::new(
                    format!("introspection does not say {wanted} of a token"),
                    "the requests did not do what is measured: see what the provider answers",
                ));
            }
        }
        Ok(())
    }

    /// Whether the journal has seen every request.
    fn expect_journalled(&mut self, requests: usize) -> Result<(), Failure> {
        let question = plain("GET", &format!("/_rescind/journal?after={requests}"));
        let answer = self.load.ask(&question)?;
        let journal: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if journal["received"] == requests {
            return Ok(());
        }
        Err(Failure::new(
            format!(
                "the journal says that it received {} of {requests}",
                journal["received"]
            ),
            "the figures are those of a provider that keeps a journal: see why it does not",
        ))
    }
}

impl Slice {
    fn rate(&self) -> f64 {
        self.requests / self.seconds
    }

    fn microseconds(&self) -> f64 {
        self.processor_nanoseconds / 1e3 / self.requests
    }
}

impl Comparison {
    /// The very same requests to both servers, slice by slice.
    fn run(
        plan: Plan,
        bare: &mut Side,
        own: &mut Side,
        requests: &Requests,
    ) -> Result<Self, Failure> {
        let mut comparison = Self::default();
        for number in 0..=plan.slices {
            let start = number * plan.slice_requests;
            let range = start..start + plan.slice_requests;
            let slices = in_turns(
                number,
                &mut || bare.slice(requests, range.clone()),
                &mut || own.slice(requests, range.clone()),
            )?;
            // The first warms up.
            if number > 0 {
                comparison.0.push(slices);
            }
        }
        Ok(comparison)
    }

    fn median(&self, of: impl Fn(&(Slice, Slice)) -> f64) -> f64 {
        median(self.0.iter().map(of))
    }
}

impl Findings {
    fn figure(&mut self, quantity: Quantity, figure: f64) {
        self.figures.push(Figure::new(quantity, figure));
    }

    fn note(&mut self, name: &'static str, value: f64) {
        self.information.insert(name, value);
    }

    /// By time and by processor time, the second server's rate as a part of the first one's.
    fn rates(&mut self, [rate, processor]: [Quantity; 2], comparison: &Comparison) {
        let by_time = comparison.median(|(first, second)| second.rate() / first.rate());
        let by_processor =
            comparison.median(|(first, second)| first.microseconds() / second.microseconds());
        self.figure(rate, by_time);
        self.figure(processor, by_processor);
    }
}

/// So many of the tokens, and those after them.
fn some<T>(tokens: &[T], count: usize) -> Result<(&[T], &[T]), Failure> {
    tokens.split_at_checked(count).ok_or_else(|| {
        Failure::new(
            "the large ledger has too few grants for the plan",
            "each request takes a token of its own: plan fewer requests",
        )
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < f64::EPSILON);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn each_plan_has_tokens_enough() {
        for plan in [Plan::full(), Plan::quick()] {
            let wanted = plan.requests().div_ceil(2)
                + plan.requests()
                + plan.ledger_rounds * plan.small_ledger;
            assert!(
                wanted <= plan.large_ledger,
                "{wanted} of {}",
                plan.large_ledger
            );
        }
    }

    #[test]
    fn a_rate_is_the_second_servers_part_of_the_first_ones() {
        let slice = |seconds, processor_nanoseconds| Slice {
            seconds,
            processor_nanoseconds,
            requests: 10.0,
        };
        let comparison = Comparison(vec![(slice(1.0, 50.0), slice(2.0, 200.0))]);
        let mut findings = Findings::default();
        findings.rates(
            [Quantity::RevokeRate, Quantity::RevokeProcessor],
            &comparison,
        );
        let figures: Vec<f64> = findings
            .figures
            .iter()
            .map(|figure| figure.figure)
            .collect();
        assert!((figures[0] - 0.5).abs() < 1e-9 && (figures[1] - 0.25).abs() < 1e-9);
    }
}
