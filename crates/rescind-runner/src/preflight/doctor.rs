//! The questions alone, without anything that is judged afterwards.

use rescind_model::{Diagnostic, Target};

use super::{About, Answer, Examination};
use crate::catalogue::Catalogue;
use crate::error::RunError;
use crate::plan::plan;
use crate::run::RunOptions;
use crate::run::surroundings::{Begun, attempt};

/// Asks a target everything that can be asked before anything is judged, as far as the selected
/// scenarios need it. Ends the target's process again.
///
/// # Errors
/// [`RunError`] where nothing could be asked, for another reason than the target's configuration.
pub async fn doctor(
    catalogue: &Catalogue,
    target: &Target,
    options: &RunOptions,
) -> Result<Examination, RunError> {
    let cases = plan(catalogue, target, &options.selection)?.cases;
    let (mut examination, begun) = attempt(target, options, &cases).await?;
    let Some(Begun {
        process,
        provider,
        command,
        ..
    }) = begun
    else {
        return Ok(examination);
    };
    if let (Some(command), Some(stated)) = (command, &target.adapter) {
        let ended = command.end().await.problems();
        let problems: Vec<Diagnostic> = ended
            .map(|problem| {
                let place = stated.command.span();
                Diagnostic::new(&target.file, place, problem.message).hint(problem.hint)
            })
            .collect();
        let answer = if problems.is_empty() {
            Answer::Fine("it ends when its standard input does".to_owned())
        } else {
            Answer::Problem(problems)
        };
        examination.answer(About::CommandEnd, answer);
    }
    if let (Some(process), Some(stated)) = (process, &target.process) {
        let answer = match process.stop().await {
            Ok(_) => Answer::Fine("it ends when it is asked to".to_owned()),
            Err(problem) => {
                let place = stated.command.span();
                let diagnostic = Diagnostic::new(&target.file, place, problem.message);
                Answer::Problem(vec![diagnostic.hint(problem.hint)])
            }
        };
        examination.answer(About::End, answer);
    }
    provider.end().await;
    Ok(examination)
}
