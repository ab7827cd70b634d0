//! `rescind adapter check`: does a command that puts accounts into a target keep to the protocol?

use std::path::Path;

use rescind_runner::adapter_check::{self, AdapterQuestion, AdapterWords};
use rescind_runner::preflight::Answer;

use super::check::explain;
use super::doctor::{options_of, questions};
use super::named_target::NamedTarget;
use super::provider::stop_requested;
use super::{NotReady, catalogue, fresh_seed};
use crate::arguments::{Adapter, AdapterCheck, AdapterCommand, Suite};
use crate::{assets, exit, output};

/// Runs the command. Returns the exit code.
pub async fn run(arguments: &Adapter) -> u8 {
    let AdapterCommand::Check(arguments) = &arguments.command;
    let checked = tokio::select! {
        checked = check(arguments) => checked,
        _ = stop_requested() => {
            output::problem("interrupted", "run it again to its end");
            return exit::INTERRUPTED;
        }
    };
    let (title, asked) = match checked {
        Ok(checked) => checked,
        Err(code) => return code,
    };
    let rows: Vec<(String, &Answer)> = asked
        .iter()
        .map(|question| (question.about.clone(), &question.answer))
        .collect();
    let (page, problems) = questions(&title, &rows);
    let closing = match problems {
        0 => "ready: it keeps to the protocol, as far as it could be asked".to_owned(),
        1 => "not ready: 1 problem".to_owned(),
        problems => format!("not ready: {problems} problems"),
    };
    output::data(&format!("{page}\n{closing}\n"));
    if problems == 0 {
        exit::PASS
    } else {
        exit::CONFIGURATION
    }
}

/// What was asked, with a title. Otherwise what is wrong has been said, and the exit code is
/// returned.
async fn check(arguments: &AdapterCheck) -> Result<(String, Vec<AdapterQuestion>), u8> {
    let seed = fresh_seed().map_err(NotReady::report)?;
    if let Some(path) = &arguments.target {
        let target = target(path).map_err(NotReady::report)?;
        let options = options_of(&target, seed);
        let asked = adapter_check::of_target(&target.target, &options).await;
        let asked = asked.map_err(|error| explain(&error))?;
        let title = format!("the adapter's command of {}", target.target.file.path());
        return Ok((title, asked));
    }
    let words = AdapterWords {
        words: arguments.command.clone(),
        target_base_url: arguments.base_url.clone(),
        profile: arguments.profile.clone(),
    };
    let title = format!("the adapter's command `{}`", words.words.join(" "));
    Ok((title, adapter_check::of_words(&words, &seed).await))
}

fn target(path: &Path) -> Result<NamedTarget, NotReady> {
    // Only the hosts that profiles name are asked of it.
    let catalogue = catalogue(&Suite::default(), assets::DEFAULT_SET)?;
    NamedTarget::load(&catalogue, Some(path))
}
