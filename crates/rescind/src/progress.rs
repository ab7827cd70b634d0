//! Progress on a terminal, from the run's events.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rescind_model::event::Event;
use rescind_model::verdict::Verdict;
use tokio::sync::mpsc;

/// A bar for many runs. Nothing is drawn where standard error is no terminal.
pub fn of_runs(count: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} runs {wide_bar} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Shows progress until the run ends. Nothing is drawn where standard error is no terminal. Returns
/// what happened, but for the end itself: that is only known once the run has returned.
pub async fn follow(mut events: mpsc::Receiver<Event>) -> Vec<Event> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} cases {wide_bar} {msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut happened = Vec::new();
    let mut bad = 0;
    while let Some(event) = events.recv().await {
        match &event {
            Event::RunStarted(started) => bar.set_length(started.cases as u64),
            Event::CaseFinished {
                case,
                finished,
                verdict,
                ..
            } => {
                if *verdict > Verdict::Pass {
                    bad += 1;
                    bar.set_message(format!("{bad} with findings, last {case}"));
                }
                bar.set_position(*finished as u64);
            }
            Event::RunFinished(_) => break,
        }
        happened.push(event);
    }
    bar.finish_and_clear();
    happened
}
