//! Why a run could not be judged: never a finding.

use crate::preflight::Examination;

/// Why a run came to no verdicts.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The target, its file or its environment is not ready.
    #[error("{0}")]
    Configuration(Problem),
    /// The target, its file or its environment is not ready: what was asked of it, and what it
    /// came to.
    #[error("{0}")]
    NotReady(Examination),
    /// The runner or its machine failed.
    #[error("{0}")]
    Harness(Problem),
    /// The selection, or the target, left nothing to judge.
    #[error("nothing to judge: {0}")]
    NothingJudged(Problem),
}

/// What is wrong, and what to do next. Holds no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Problem {
    /// A problem and its next step.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}
