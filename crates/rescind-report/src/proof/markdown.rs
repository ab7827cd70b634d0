//! The proof as a Markdown page: what falls to what.

use super::{DefectRun, ENOUGH_DEFECTS, RowToProve, Runs, VariantRun};

/// The whole page.
pub fn render(runs: &Runs) -> String {
    let mut page = vec![
        "# Proof of the suite".to_owned(),
        introduction(runs),
        counts(runs).join("\n"),
    ];
    if !runs.defects.is_empty() {
        page.push("## Defects".to_owned());
        page.push(
            "A bug, the check that it must fall to, what else fails with it, and the requirements\n\
             that its finding names. What else fails, and so the count of each requirement's defects,\n\
             is of the run that made this page: a race ends otherwise in another."
                .to_owned(),
        );
        page.push(table(
            &[
                "defect",
                "what it does",
                "falls to",
                "and to",
                "requirements",
                "sources",
            ],
            runs.defects.iter().map(defect),
        ));
    }
    if !runs.variants.is_empty() {
        page.push("## Variants".to_owned());
        page.push("Another behaviour, and the requirement that leaves the choice.".to_owned());
        page.push(table(
            &["variant", "what it does", "requirement", "result"],
            runs.variants.iter().map(variant),
        ));
    }
    // Of a part of the defects it would say nothing.
    if runs.only.is_empty() {
        page.push("## Requirements".to_owned());
        page.push(format!(
            "Every MUST, and the defects that make it fail: fewer than {ENOUGH_DEFECTS} are marked."
        ));
        page.push(table(
            &["requirement", "defects", "which"],
            runs.rows.iter().map(|row| requirement(runs, row)),
        ));
    }
    page.join("\n\n") + "\n"
}

fn introduction(runs: &Runs) -> String {
    format!(
        "Made by `{} --markdown docs/proof.md`; do not edit it.\n\n\
         The suite runs once against the reference service as it should be, once for every bug that can\n\
         be seeded into it, and once for every other behaviour that the contract allows. Each bug must\n\
         fall to the check that names its cause, and every other behaviour must pass a strict run. A bug\n\
         is judged by every requirement set whose own rows ask what it breaks.",
        runs.command()
    )
}

/// What it came to, a line each.
fn counts(runs: &Runs) -> Vec<String> {
    let proof = runs.proof();
    let caught = proof
        .defects
        .iter()
        .filter(|defect| defect.caught && defect.cause_named);
    let passed = proof.variants.iter().filter(|variant| variant.passed);
    let honest = runs.honest.iter().map(|run| {
        let result = if run.findings.is_empty() {
            "no finding".to_owned()
        } else {
            format!("**{} findings**", run.findings.len())
        };
        format!("- the service as it should be, by `{}`: {result}", run.set)
    });
    let mut lines: Vec<String> = honest.collect();
    lines.push(format!(
        "- defects caught by the check that names their cause: {} of {}",
        caught.count(),
        proof.defects.len()
    ));
    lines.push(format!(
        "- variants that pass: {} of {}",
        passed.count(),
        proof.variants.len()
    ));
    lines.push(format!(
        "- checks that no defect makes fail: {}",
        if proof.checks_never_failed.is_empty() {
            "none".to_owned()
        } else {
            code(proof.checks_never_failed.iter())
        }
    ));
    lines
}

fn defect(run: &DefectRun) -> Vec<String> {
    let failed = run.failed_checks();
    let others = failed.iter().filter(|check| **check != run.check);
    let rows: Vec<&str> = run.broken_rows().into_iter().collect();
    let falls_to = if run.proof().caught {
        format!("`{}`", run.check)
    } else {
        format!("**not** `{}`", run.check)
    };
    let sources: Vec<String> = run.sources.iter().map(|source| link(source)).collect();
    vec![
        format!("`{}`", run.name),
        run.summary.clone(),
        falls_to,
        code(others),
        rows.join(", "),
        sources.join(", "),
    ]
}

fn variant(run: &VariantRun) -> Vec<String> {
    let result = match run.findings.as_slice() {
        [] => "passes".to_owned(),
        [one] => format!("**fails**: {one}"),
        [first, rest @ ..] => format!("**fails**: {first} (and {} more)", rest.len()),
    };
    vec![
        format!("`{}`", run.name),
        run.summary.clone(),
        run.row.clone(),
        result,
    ]
}

fn requirement(runs: &Runs, row: &RowToProve) -> Vec<String> {
    let defects = runs.breaking(row);
    let which = match &row.excluded {
        Some(reason) => format!("excluded: {reason}"),
        None => code(defects.iter()),
    };
    let count = match (&row.excluded, defects.len()) {
        (Some(_), _) => "–".to_owned(),
        (None, count) if count < ENOUGH_DEFECTS => format!("**{count}**"),
        (None, count) => count.to_string(),
    };
    vec![row.id.clone(), count, which]
}

fn code(words: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// An issue or a pull request by its short name, with its address behind it.
fn link(source: &str) -> String {
    let Some(path) = source.strip_prefix("https://github.com/") else {
        return source.to_owned();
    };
    match path.split('/').collect::<Vec<&str>>().as_slice() {
        [owner, repository, "issues" | "pull", number] => {
            format!("[{owner}/{repository}#{number}]({source})")
        }
        _ => format!("<{source}>"),
    }
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut lines = vec![
        format!("| {} |", head.join(" | ")),
        format!("|{}", "---|".repeat(head.len())),
    ];
    lines.extend(rows.map(|cells| {
        // A bar would end the cell.
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |", cells.join(" | "))
    }));
    lines.join("\n")
}
