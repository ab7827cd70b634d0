//! The table and the JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::measurements::Plan;
use crate::targets::{Quantity, Target};

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The form of this document.
    pub schema: &'static str,
    /// How it was measured.
    pub plan: Plan,
    /// The cores that the servers had, and those that the load had.
    pub cores: (usize, usize),
    /// The figures beside what is asked of them.
    pub figures: Vec<Figure>,
    /// Absolute figures: they are this machine's, and nothing is asked of them.
    pub information: BTreeMap<&'static str, f64>,
}

/// A figure beside what is asked of it.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What it is.
    pub quantity: Quantity,
    /// It in words.
    pub title: &'static str,
    /// How much.
    pub figure: f64,
    /// What is asked of it.
    pub target: Option<Target>,
    /// Whether it is as asked.
    pub holds: Option<bool>,
}

impl Figure {
    /// A figure of a quantity.
    pub fn new(quantity: Quantity, figure: f64) -> Self {
        let target = quantity.target();
        Self {
            quantity,
            title: quantity.title(),
            figure,
            target,
            holds: target.map(|target| target.holds(figure)),
        }
    }
}

impl Report {
    /// The table for people.
    pub fn table(&self) -> String {
        // Writing to a string cannot fail.
        let mut text = String::from("| measured | figure | target | |\n|---|---:|---:|---|\n");
        for figure in &self.figures {
            let target = figure
                .target
                .map_or_else(String::new, |target| target.to_string());
            let holds = match figure.holds {
                Some(true) => "holds",
                Some(false) => "does not hold",
                None => "",
            };
            let digits = if figure.figure.abs() < 10.0 { 3 } else { 1 };
            let _ = writeln!(
                text,
                "| {} | {:.digits$} | {target} | {holds} |",
                figure.title, figure.figure
            );
        }
        let (servers, load) = self.cores;
        let _ = write!(
            text,
            "\nfor information, on {servers} core(s) for the server and {load} for the load:\n"
        );
        for (name, value) in &self.information {
            let _ = writeln!(text, "  {name}: {value:.1}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_which_figures_hold() {
        let report = Report {
            schema: "rescind.benchmark/1",
            plan: Plan::quick(),
            cores: (1, 1),
            figures: vec![
                Figure::new(Quantity::RevokeRate, 0.9),
                Figure::new(Quantity::Idle, 12.0),
                Figure::new(Quantity::RevokeProcessor, 0.5),
            ],
            information: BTreeMap::from([("revoke_per_second", 1.0)]),
        };
        let table = report.table();
        let row = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap();
        assert!(row("| POST /revoke, requests per second").ends_with("| 0.900 | ≥ 0.85 | holds |"));
        assert!(row("| resident").ends_with("| 12.0 | ≤ 10 | does not hold |"));
        assert!(row("| POST /revoke, requests per processor").ends_with("| 0.500 |  |  |"));
        assert!(table.ends_with("  revoke_per_second: 1.0\n"));
    }
}
