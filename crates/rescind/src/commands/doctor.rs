//! `rescind doctor`: is a target ready to be checked?

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use rescind_model::Diagnostic;
use rescind_model::deviation::AcceptedDeviations;
use rescind_model::source::Colour;
use rescind_model::verdict::Strictness;
use rescind_runner::preflight::{Answer, Examination, doctor};
use rescind_runner::snapshots::SnapshotMode;
use rescind_runner::{Catalogue, RunOptions, Selection};

use super::check::explain;
use super::named_target::NamedTarget;
use super::provider::stop_requested;
use super::{NotReady, catalogue, fresh_seed};
use crate::arguments::Doctor;
use crate::{exit, output};

/// Runs the command. Returns the exit code.
pub async fn run(arguments: &Doctor) -> u8 {
    let (catalogue, target, options) = match prepare(arguments) {
        Ok(prepared) => prepared,
        Err(not_ready) => return not_ready.report(),
    };
    let examination = tokio::select! {
        examination = doctor(&catalogue, &target.target, &options) => examination,
        _ = stop_requested() => {
            output::problem("interrupted", "run it again to its end");
            return exit::INTERRUPTED;
        }
    };
    let examination = match examination {
        Ok(examination) => examination,
        Err(error) => return explain(&error),
    };
    let file = target.target.file.path();
    output::data(&page(&target.target.name, file, &examination));
    if examination.is_fine() {
        exit::PASS
    } else {
        exit::CONFIGURATION
    }
}

fn prepare(arguments: &Doctor) -> Result<(Catalogue, NamedTarget, RunOptions), NotReady> {
    let catalogue = catalogue(&arguments.suite, &arguments.set)?;
    let target = NamedTarget::load(&catalogue, arguments.target.as_deref())?;
    let options = RunOptions {
        selection: Selection {
            scenarios: arguments.selection.clone(),
            ..Selection::default()
        },
        ..options_of(&target, fresh_seed()?)
    };
    Ok((catalogue, target, options))
}

/// What something is asked with that judges nothing.
pub fn options_of(target: &NamedTarget, seed: String) -> RunOptions {
    RunOptions {
        seed,
        jobs: 1,
        strictness: Strictness::Normal,
        snapshots: SnapshotMode::Ignore,
        deviations: AcceptedDeviations::default(),
        fail_fast: false,
        keeps_exchanges: false,
        selection: Selection::default(),
        rescind: target.rescind.clone(),
        directory: target.directory.clone(),
        environment: target.environment.clone(),
        ca_certificates: target.ca_certificates.clone(),
    }
}

fn page(name: &str, file: &str, examination: &Examination) -> String {
    let rows: Vec<(String, &Answer)> = examination
        .asked()
        .iter()
        .map(|asked| (examination.title(asked.about), &asked.answer))
        .collect();
    let (text, problems) = questions(&format!("target `{name}`, {file}"), &rows);
    format!("{text}\n{}\n", in_all(problems))
}

/// A line for each question, then every problem in full. Returns how many there are, too.
pub fn questions(title: &str, asked: &[(String, &Answer)]) -> (String, usize) {
    let mut text = format!("{title}\n\n");
    let widths = asked.iter().map(|(about, _)| about.len());
    let width = widths.max().unwrap_or_default();
    let mut problems: Vec<&Diagnostic> = Vec::new();
    for (about, answer) in asked {
        let (style, word, seen) = match answer {
            Answer::Fine(seen) => (AnsiColor::Green.on_default(), "ok", seen.as_str()),
            Answer::Problem(found) => {
                problems.extend(found);
                (AnsiColor::Red.on_default().bold(), "problem", "see below")
            }
            Answer::NotAsked(why) => (Style::new().dimmed(), "not asked", why.as_str()),
        };
        // What is written to a text cannot fail.
        let _ = writeln!(text, "  {style}{word:<9}{style:#}  {about:<width$}  {seen}");
    }
    for problem in &problems {
        let _ = writeln!(text, "\n{}", problem.render(Colour::Styled));
    }
    (text, problems.len())
}

fn in_all(problems: usize) -> String {
    match problems {
        0 => "ready: `rescind check` can judge it".to_owned(),
        1 => "not ready: 1 problem".to_owned(),
        problems => format!("not ready: {problems} problems"),
    }
}
