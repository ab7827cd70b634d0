//! What a run changed of a target's snapshots: written as a whole, or shown to a person one by one.

use std::io::BufRead as _;

use rescind_model::source::Colour;
use rescind_report::terminal;
use rescind_runner::RunOutcome;
use rescind_runner::snapshots::{self, SnapshotComparison, SnapshotState};
use tokio::sync::mpsc;

use crate::commands::NotReady;
use crate::commands::provider::stop_requested;
use crate::output;
use crate::snapshot_folder::Snapshots;

/// The question, and every answer that it takes.
const QUESTION: &str = "accept (a), reject (r), skip (s), quit (q)?";

/// Writes what is new or differs, and deletes what no case has. Says what it did.
pub fn write_all(snapshots: &Snapshots, outcome: &mut RunOutcome) -> Result<(), NotReady> {
    let changed = changed(outcome);
    for comparison in &changed {
        snapshots.accept(comparison)?;
        snapshots::accept(&mut outcome.finished, comparison);
        let word = match comparison.state {
            SnapshotState::Missing { .. } => "wrote",
            SnapshotState::Unreferenced { .. } => "deleted",
            SnapshotState::Different { .. } | SnapshotState::Same => "updated",
        };
        output::talk(&format!("{word} {}", shown_path(snapshots, comparison)));
    }
    let unchanged = outcome.snapshots.len() - changed.len();
    output::talk(&format!(
        "snapshots: {} changed, {unchanged} unchanged",
        changed.len()
    ));
    Ok(())
}

/// Shows what is new, differs, or is left over, and asks about each. What is accepted is written at
/// once: who quits keeps it.
pub async fn review(snapshots: &Snapshots, outcome: &mut RunOutcome) -> Result<(), NotReady> {
    let changed = changed(outcome);
    let mut answers = standard_input();
    let (mut accepted, mut rejected) = (0, 0);
    let mut heard = false;
    for (number, comparison) in changed.iter().enumerate() {
        show(snapshots, comparison, number + 1, changed.len());
        match ask(&mut answers).await {
            Answer::Accept => {
                snapshots.accept(comparison)?;
                snapshots::accept(&mut outcome.finished, comparison);
                accepted += 1;
            }
            Answer::Reject => rejected += 1,
            Answer::Skip => {}
            Answer::Quit => break,
            Answer::Nobody if heard => break,
            Answer::Nobody => return Err(nobody_answers()),
        }
        heard = true;
    }
    output::talk(&format!(
        "snapshots: {accepted} accepted, {rejected} rejected, {} left as they were",
        changed.len() - accepted - rejected
    ));
    Ok(())
}

fn nobody_answers() -> NotReady {
    NotReady::Problem(
        "nobody answers: standard input is no terminal, and nothing is piped into it".to_owned(),
        "run it in a terminal, or pipe the answers into it: `yes a | rescind check --snapshots review …`"
            .to_owned(),
    )
}

fn changed(outcome: &RunOutcome) -> Vec<SnapshotComparison> {
    let changed = outcome
        .snapshots
        .iter()
        .filter(|comparison| comparison.state != SnapshotState::Same);
    changed.cloned().collect()
}

fn shown_path(snapshots: &Snapshots, comparison: &SnapshotComparison) -> String {
    format!("{}/{}", snapshots.set.folder, comparison.path)
}

fn show(snapshots: &Snapshots, comparison: &SnapshotComparison, number: usize, count: usize) {
    let about = match comparison.state {
        SnapshotState::Missing { .. } => "new",
        SnapshotState::Different { .. } | SnapshotState::Same => "changed",
        SnapshotState::Unreferenced { .. } => "no case has it: to accept deletes it",
    };
    output::talk(&format!(
        "\n{number} of {count}: {} ({about})",
        shown_path(snapshots, comparison)
    ));
    for line in comparison.difference(&snapshots.set.folder) {
        output::talk(&terminal::difference_line(&line, Colour::Styled));
    }
}

/// What a person says to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
    /// There is nobody to answer, or nobody any more.
    Nobody,
}

impl Answer {
    fn parse(line: &str) -> Option<Self> {
        match line.trim().to_ascii_lowercase().as_str() {
            "a" | "accept" => Some(Self::Accept),
            "r" | "reject" => Some(Self::Reject),
            "s" | "skip" => Some(Self::Skip),
            "q" | "quit" => Some(Self::Quit),
            _ => None,
        }
    }
}

/// Asks until somebody says something that it understands.
async fn ask(answers: &mut mpsc::Receiver<String>) -> Answer {
    loop {
        output::talk(QUESTION);
        let line = tokio::select! {
            line = answers.recv() => line,
            _ = stop_requested() => return Answer::Quit,
        };
        match line.as_deref().map(Answer::parse) {
            None => return Answer::Nobody,
            Some(Some(answer)) => return answer,
            Some(None) => {}
        }
    }
}

/// The lines of standard input, read by a thread of their own: reading cannot be interrupted, and
/// whoever quits must not have to press a key first.
fn standard_input() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn only_what_is_meant_is_taken_for_an_answer() {
        assert_eq!(Answer::parse(" A\r"), Some(Answer::Accept));
        assert_eq!(Answer::parse("reject"), Some(Answer::Reject));
        assert_eq!(Answer::parse("s"), Some(Answer::Skip));
        assert_eq!(Answer::parse("q"), Some(Answer::Quit));
        for unclear in ["", "y", "all", "aa"] {
            assert_eq!(Answer::parse(unclear), None, "{unclear:?}");
        }
    }
}
