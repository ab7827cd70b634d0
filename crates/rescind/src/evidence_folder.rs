//! The folder that `check --evidence` names: a file for each case, with everything that was said in
//! it.

use std::path::{Path, PathBuf};

use rescind_model::case_evidence::CaseEvidence;

use crate::commands::{NotReady, write_atomically};

/// What a person may do about a folder that cannot be written to.
const HINT: &str = "check the path, and that this user may write there";

/// Makes the folder: nobody wants to hear after the run that it cannot be.
///
/// # Errors
/// It is not there, and cannot be made.
pub fn prepare(folder: &Path) -> Result<(), NotReady> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let folder = folder.display();
        NotReady::Problem(
            format!("there can be no folder `{folder}` for the evidence: {error}"),
            HINT.to_owned(),
        )
    })
}

/// Writes each case, in place of what an earlier run left of it. Other files stay.
///
/// # Errors
/// The first file that cannot be written, and what to do.
pub fn write(folder: &Path, cases: &[CaseEvidence]) -> Result<(), NotReady> {
    for case in cases {
        let path = place(folder, case);
        let written = serde_json::to_string_pretty(case)
            .map_err(std::io::Error::other)
            .and_then(|text| {
                std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
                write_atomically(&path, &(text + "\n"))
            });
        written.map_err(|error| {
            let path = path.display();
            NotReady::Problem(
                format!("the evidence `{path}` cannot be written: {error}"),
                HINT.to_owned(),
            )
        })?;
    }
    Ok(())
}

/// As the scenario lies: `connected-accounts/success/both-killed@rfc7009.json`.
fn place(folder: &Path, case: &CaseEvidence) -> PathBuf {
    folder.join(format!("{}.json", case.case()))
}
