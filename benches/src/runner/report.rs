//! The table and the JSON.

use std::fmt::Write;

use serde::Serialize;

use super::comparison::{Plan, Run};
use crate::targets::Target;

/// At most so many times the processor time of a bare client may a case cost the runner.
const RATIO: Target = Target::AtMost(2.0);

/// How many times the cost of a case among a quarter of the cases it may be among all: what is more
/// than noise is no longer linear.
const GROWTH: Target = Target::AtMost(1.1);

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The form of this document.
    pub schema: &'static str,
    /// How it was measured.
    pub plan: Plan,
    /// The cores that the servers had, and those that runner and client had.
    pub cores: (usize, usize),
    /// Milliseconds of processor time that the runner takes to read what it runs, and run nothing.
    pub start_milliseconds: f64,
    /// A row for each run.
    pub rows: Vec<Row>,
    /// The cost of a case in the first row, as a multiple of that in the last, without the start.
    pub growth: f64,
    /// What is asked of that, and whether it holds.
    pub growth_target: (Target, bool),
}

/// A run, beside what a bare client takes for the same exchanges.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Which run.
    pub run: Run,
    /// How many cases it had.
    pub cases: u64,
    /// Exchanges with the target.
    pub target_exchanges: usize,
    /// Exchanges with the provider's control API.
    pub provider_exchanges: usize,
    /// Milliseconds of processor time for each case.
    pub for_a_case: Costs,
    /// The runner's, as a multiple of the bare client's.
    pub ratio: f64,
    /// What is asked of that, and whether it holds.
    pub ratio_target: (Target, bool),
    /// The same without what the runner takes to start.
    pub ratio_without_start: f64,
    /// The same of the ratio to a bare client that connects to the target for each call, as the
    /// runner does.
    pub ratio_to_one_that_connects_anew: f64,
}

/// Milliseconds of processor time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Costs {
    /// To start the runner: a part of the next.
    pub start: f64,
    /// Of the runner.
    pub runner: f64,
    /// Of the bare client.
    pub bare: f64,
    /// Of one that connects to the target for each call.
    pub bare_that_connects_anew: f64,
}

impl Row {
    /// A run of so many cases and exchanges, with target and provider, and what it cost in all.
    pub fn new(run: Run, cases: u64, exchanges: (usize, usize), costs: Costs) -> Self {
        let ratio = costs.runner / costs.bare;
        let of_a_case = |milliseconds: f64| milliseconds / cases as f64;
        Self {
            run,
            cases,
            target_exchanges: exchanges.0,
            provider_exchanges: exchanges.1,
            for_a_case: Costs {
                start: of_a_case(costs.start),
                runner: of_a_case(costs.runner),
                bare: of_a_case(costs.bare),
                bare_that_connects_anew: of_a_case(costs.bare_that_connects_anew),
            },
            ratio,
            ratio_target: (RATIO, RATIO.holds(ratio)),
            ratio_without_start: (costs.runner - costs.start) / costs.bare,
            ratio_to_one_that_connects_anew: costs.runner / costs.bare_that_connects_anew,
        }
    }

    /// What a case costs beside what the run costs in any case.
    fn case_alone(&self) -> f64 {
        self.for_a_case.runner - self.for_a_case.start
    }
}

impl Report {
    /// A report of some rows, of which the first has all cases and the last the fewest.
    pub fn new(plan: Plan, cores: (usize, usize), start: f64, rows: Vec<Row>) -> Self {
        let ends = rows.first().zip(rows.last());
        let growth = ends.map_or(f64::NAN, |(all, few)| all.case_alone() / few.case_alone());
        Self {
            schema: "rescind.runner-benchmark/1",
            plan,
            cores,
            start_milliseconds: start,
            rows,
            growth,
            growth_target: (GROWTH, GROWTH.holds(growth)),
        }
    }

    /// The table for people.
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| cases | at once | exchanges, target + provider | runner, CPU ms a case \
             | bare client | ratio | target | |\n|---:|---:|---:|---:|---:|---:|---:|---|\n",
        );
        for row in &self.rows {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} + {} | {:.3} | {:.3} | {:.2} | {} | {} |",
                row.cases,
                row.run.jobs,
                row.target_exchanges,
                row.provider_exchanges,
                row.for_a_case.runner,
                row.for_a_case.bare,
                row.ratio,
                row.ratio_target.0,
                in_words(row.ratio_target.1),
            );
        }
        let _ = writeln!(
            text,
            "\na case among all to one among the fewest, without the start: {:.2} ({}, {})",
            self.growth,
            self.growth_target.0,
            in_words(self.growth_target.1),
        );
        let (servers, load) = self.cores;
        let _ = writeln!(
            text,
            "\nfor information, on {servers} core(s) for the servers and {load} for runner and client:"
        );
        let _ = writeln!(
            text,
            "  start of the runner, ms: {:.1}",
            self.start_milliseconds
        );
        for row in &self.rows {
            let _ = writeln!(
                text,
                "  {} cases, {} at once: ratio without the start {:.2}; to a client that connects to \
                 the target for each call {:.2}",
                row.cases,
                row.run.jobs,
                row.ratio_without_start,
                row.ratio_to_one_that_connects_anew
            );
        }
        text
    }
}

const fn in_words(holds: bool) -> &'static str {
    if holds { "holds" } else { "does not hold" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(shard: Option<&'static str>, cases: u64, runner: f64) -> Row {
        let costs = Costs {
            start: 100.0,
            runner,
            bare: 1000.0,
            bare_that_connects_anew: 2000.0,
        };
        Row::new(Run { shard, jobs: 16 }, cases, (30, 40), costs)
    }

    #[test]
    fn the_table_says_what_holds_and_the_start_is_no_growth() {
        let rows = vec![row(None, 400, 1700.0), row(Some("1/4"), 100, 500.0)];
        let report = Report::new(Plan::quick(), (1, 1), 100.0, rows);
        assert!((report.growth - 1.0).abs() < 1e-9, "{}", report.growth);
        let table = report.table();
        let first = table.lines().nth(2).unwrap();
        assert_eq!(
            first,
            "| 400 | 16 | 30 + 40 | 4.250 | 2.500 | 1.70 | ≤ 2 | holds |"
        );
        assert!(table.contains("the start: 1.00 (≤ 1.1, holds)"), "{table}");
        assert!(
            table.contains("without the start 1.60; to a client"),
            "{table}"
        );
    }

    #[test]
    fn more_than_twice_and_more_than_linear_do_not_hold() {
        let rows = vec![row(None, 400, 2100.0), row(Some("1/4"), 100, 500.0)];
        let report = Report::new(Plan::quick(), (1, 1), 100.0, rows);
        assert!(!report.rows[0].ratio_target.1 && report.rows[1].ratio_target.1);
        assert!(!report.growth_target.1);
    }
}
