//! `--watch`: what a provider serves follows its files.

use std::path::PathBuf;
use std::time::Duration;

use rescind_model::SourceFile;

use super::plan::{self, Fixed};
use super::stop_requested;
use super::tenants::Serving;
use crate::arguments::Provider as Arguments;
use crate::output;

/// How often the files are looked at. They are few and small, and their text tells a change
/// whatever wrote it and however.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Files, and what stood in them when they were last read.
pub struct Watched(Vec<(PathBuf, Option<String>)>);

impl Watched {
    /// Begins to watch files, from what was read of them on.
    pub fn begin(files: Vec<(PathBuf, SourceFile)>) -> Self {
        let mut watched = Self(Vec::new());
        watched.also(files);
        watched
    }

    /// Whether something else stands in one of them than before.
    fn has_changed(&mut self) -> bool {
        let mut changed = false;
        for (path, before) in &mut self.0 {
            // None while there is no such file: whoever replaces one may remove it first.
            let now = std::fs::read_to_string(path).ok();
            if now != *before {
                *before = now;
                changed = true;
            }
        }
        changed
    }

    /// Watches other files from now on, too.
    fn also(&mut self, files: Vec<(PathBuf, SourceFile)>) {
        for (path, file) in files {
            if self.0.iter().all(|(known, _)| *known != path) {
                self.0.push((path, Some(file.text().to_owned())));
            }
        }
    }
}

/// Serves what the files say until the provider is to stop.
pub async fn until_stopped(
    arguments: &Arguments,
    mut watched: Watched,
    fixed: &Fixed,
    serving: &mut Serving<'_>,
) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let stopped = stop_requested();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        tokio::select! {
            // A signal that cannot be waited for ends the program anyway.
            _ = stopped.as_mut() => return,
            _ = looks.tick() => {}
        }
        if watched.has_changed() {
            follow(arguments, &mut watched, fixed, serving);
        }
    }
}

/// Serves what the files say now, if they make sense.
fn follow(arguments: &Arguments, watched: &mut Watched, fixed: &Fixed, serving: &mut Serving<'_>) {
    let plan = match plan::read(arguments) {
        Ok(plan) => plan,
        Err(not_ready) => {
            not_ready.report();
            output::talk("the provider goes on as it was");
            return;
        }
    };
    watched.also(plan.files);
    if plan.fixed != *fixed {
        output::talk(
            "note: what it listens on, is seen as, shows as its certificate and makes tokens from stays as it was at the start; start it again to change that",
        );
    }
    match serving.change_to(plan.tenants) {
        Ok(changes) => output::talk(&format!("read again; {}", changes.join("; "))),
        Err(error) => output::problem(&error.to_string(), error.hint()),
    }
}
