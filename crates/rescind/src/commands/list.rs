//! `rescind list`: what there is.

use rescind_model::{Profile, RequirementSet};
use rescind_runner::Catalogue;
use rescind_runner::judge::checks::{self, CHECKS};
use rescind_service::{Defect, Variant};

use super::{NotReady, catalogue};
use crate::arguments::{List, Listed, Suite};
use crate::{assets, exit, output};

/// Runs the command. Returns the exit code.
pub fn run(arguments: &List) -> u8 {
    match rows(arguments) {
        Ok(rows) => {
            output::data(&aligned(&rows));
            exit::PASS
        }
        Err(not_ready) => not_ready.report(),
    }
}

fn rows(arguments: &List) -> Result<Vec<Vec<String>>, NotReady> {
    Ok(match arguments.what {
        Listed::Checks => CHECKS
            .iter()
            .map(|check| vec![check.id.into(), check.statement.into()])
            .collect(),
        Listed::Defects => Defect::ALL
            .iter()
            .map(|defect| {
                vec![
                    defect.name().into(),
                    format!("→ {}", defect.check()),
                    defect.summary().into(),
                    defect.sources().join(" "),
                ]
            })
            .collect(),
        Listed::Variants => Variant::ALL
            .iter()
            .map(|variant| {
                vec![
                    variant.name().into(),
                    format!("→ {}", variant.row()),
                    variant.summary().into(),
                ]
            })
            .collect(),
        Listed::Scenarios | Listed::Profiles | Listed::Requirements => of_catalogue(
            arguments.what,
            &catalogue(&Suite::default(), &arguments.set)?,
        ),
        Listed::Sets => set_rows()?,
    })
}

fn of_catalogue(what: Listed, catalogue: &Catalogue) -> Vec<Vec<String>> {
    match what {
        Listed::Scenarios => catalogue
            .scenarios
            .iter()
            .map(|scenario| {
                let profiles: Vec<&str> = scenario
                    .profiles
                    .iter()
                    .map(|profile| profile.as_str())
                    .collect();
                vec![
                    scenario.id.clone(),
                    profiles.join(","),
                    scenario.tags.join(","),
                    scenario.title.clone(),
                ]
            })
            .collect(),
        Listed::Profiles => catalogue
            .profiles
            .iter()
            .map(|(name, profile)| profile_row(name, profile))
            .collect(),
        Listed::Requirements => requirement_rows(&catalogue.set),
        Listed::Checks | Listed::Defects | Listed::Variants | Listed::Sets => Vec::new(),
    }
}

fn profile_row(name: &str, profile: &Profile) -> Vec<String> {
    vec![
        name.to_owned(),
        profile.title.clone(),
        profile.summary.clone(),
    ]
}

fn requirement_rows(set: &RequirementSet) -> Vec<Vec<String>> {
    set.requirements
        .iter()
        .map(|row| {
            let checks: Vec<&str> = row
                .checks
                .iter()
                .chain(&row.should)
                .map(|check| check.as_str())
                .collect();
            let judged = match &row.excluded {
                Some(reason) => format!("excluded: {reason}"),
                None => checks.join(", "),
            };
            vec![
                row.id.get().clone(),
                row.level.to_string(),
                row.text.clone(),
                judged,
            ]
        })
        .collect()
}

fn set_rows() -> Result<Vec<Vec<String>>, NotReady> {
    let mut rows = Vec::new();
    for named in assets::requirement_sets() {
        let files = assets::requirement_set_named(&named.name)?;
        let set = RequirementSet::parse(files, &checks::ids())?;
        let own = set.own_rows().count();
        let total = set.requirements.len();
        rows.push(vec![
            set.name,
            match set.extends {
                Some(base) => format!("{total} requirements, {own} of its own, over {base}"),
                None => format!("{total} requirements"),
            },
            set.source,
        ]);
    }
    Ok(rows)
}

/// Columns as wide as their widest cell, the last as it is.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            format!("{}\n", cells.join("  ").trim_end())
        })
        .collect::<Vec<String>>()
        .concat()
}
