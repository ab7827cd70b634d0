//! Which runs a proof consists of, and what each of them is to show.

use std::sync::Arc;

use rescind_model::event::Report;
use rescind_model::source::nearest_hint;
use rescind_model::{Level, RequirementSet, Target};
use rescind_report::proof::{
    DefectRun, HonestRun, RowToProve, Runs, VariantRun, failures, findings,
};
use rescind_runner::Catalogue;
use rescind_runner::judge::checks::CHECKS;
use rescind_service::{Defect, Variant};

use crate::assets;
use crate::commands::NotReady;

/// The checks of defects that keep a call from ending.
const ENDLESS: [&str; 2] = ["call-is-answered", "dispatches-are-bounded"];

/// How long a revoke may take in the runs of such defects: that a call does not end is seen as well
/// after this time as after the reference target's.
const ENDLESS_REVOKE_SECONDS: f64 = 5.0;

/// Everything that is to be run.
pub struct Plan {
    /// The runs, in the order of the tables.
    pub planned: Vec<PlannedRun>,
    /// The requirement sets, the oldest first.
    catalogues: Vec<Arc<Catalogue>>,
    only: Vec<String>,
}

/// A run of the suite.
#[derive(Clone)]
pub struct PlannedRun {
    /// What it is called in progress and in errors.
    pub name: String,
    /// What it is judged by.
    pub catalogue: Arc<Catalogue>,
    /// The target, with what is seeded into it.
    pub target: Target,
    seeded: Seeded,
}

/// What is seeded into the reference service.
#[derive(Clone, Copy)]
enum Seeded {
    Nothing,
    Defect(Defect),
    Variant(Variant),
}

impl Plan {
    /// Plans the runs of these defects and variants, or of all of them.
    pub fn new(only: &[String]) -> Result<Self, NotReady> {
        check_names(only)?;
        let profiles = assets::profiles(None)?;
        let scenarios = assets::scenarios(None, false)?;
        let mut catalogues = Vec::new();
        for set in assets::requirement_sets() {
            let files = assets::requirement_set_named(&set.name)?;
            catalogues.push(Arc::new(Catalogue::load(files, &profiles, &scenarios)?));
        }
        let target = Target::parse(&assets::reference_target())?;
        let is_wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
        let honest = catalogues.iter().map(|catalogue| PlannedRun {
            name: "the service as it should be".to_owned(),
            catalogue: Arc::clone(catalogue),
            target: target.clone(),
            seeded: Seeded::Nothing,
        });
        let defects = Defect::ALL
            .iter()
            .filter(|defect| is_wanted(defect.name()))
            .flat_map(|defect| of_defect(*defect, &catalogues, &target));
        let variants = Variant::ALL
            .iter()
            .filter(|variant| is_wanted(variant.name()))
            .filter_map(|variant| of_variant(*variant, &catalogues, &target));
        Ok(Self {
            planned: honest.chain(defects).chain(variants).collect(),
            catalogues,
            only: only.to_vec(),
        })
    }

    /// What the runs came to, from their reports in the order of the plan.
    pub fn runs(&self, reports: &[Report]) -> Runs {
        let mut runs = Runs {
            honest: Vec::new(),
            defects: Vec::new(),
            variants: Vec::new(),
            checks: self.checks_to_prove(),
            rows: self.rows_to_prove(),
            only: self.only.clone(),
        };
        for (planned, report) in self.planned.iter().zip(reports) {
            match planned.seeded {
                Seeded::Nothing => runs.honest.push(HonestRun {
                    set: report.set.clone(),
                    findings: findings(report),
                }),
                Seeded::Defect(defect) => match runs.defects.last_mut() {
                    // The same one, by another set.
                    Some(last) if last.name == defect.name() => {
                        last.failures.push(failures(report));
                    }
                    _ => runs.defects.push(of_defect_run(defect, report)),
                },
                Seeded::Variant(variant) => runs.variants.push(VariantRun {
                    name: variant.name().to_owned(),
                    summary: variant.summary().to_owned(),
                    row: variant.row().to_owned(),
                    findings: findings(report),
                }),
            }
        }
        runs
    }

    /// The checks that some defect must make fail: all that can fail a run. Of a part of the
    /// defects, those that they must fall to.
    fn checks_to_prove(&self) -> Vec<String> {
        let planned = |check: &str| {
            self.planned
                .iter()
                .any(|run| matches!(run.seeded, Seeded::Defect(defect) if defect.check() == check))
        };
        CHECKS
            .iter()
            .filter(|check| {
                if self.only.is_empty() {
                    self.catalogues
                        .iter()
                        .any(|catalogue| asks_anew(&catalogue.set, check.id))
                } else {
                    planned(check.id)
                }
            })
            .map(|check| check.id.to_owned())
            .collect()
    }

    /// Every MUST of every set, each as the latest set has it.
    fn rows_to_prove(&self) -> Vec<RowToProve> {
        // A later set holds the rows of the earlier ones in their order.
        let mut rows: Vec<(Level, RowToProve)> = Vec::new();
        for row in self
            .catalogues
            .iter()
            .flat_map(|catalogue| &catalogue.set.requirements)
        {
            let stated = RowToProve {
                id: row.id.get().clone(),
                excluded: row.excluded.clone(),
            };
            match rows.iter_mut().find(|(_, earlier)| earlier.id == stated.id) {
                Some(earlier) => *earlier = (row.level, stated),
                None => rows.push((row.level, stated)),
            }
        }
        rows.into_iter()
            .filter(|(level, _)| *level == Level::Must)
            .map(|(_, row)| row)
            .collect()
    }
}

/// Whether rows that a set itself states let a check fail a strict run: what a MAY asks is only
/// recorded.
fn asks_anew(set: &RequirementSet, check: &str) -> bool {
    let mut levels = set.own_rows().filter_map(|row| row.level_of(check));
    levels.any(|level| level > Level::May)
}

/// A defect is judged by every set whose own rows ask what it breaks; by the first of all if none
/// does, which then shows it as not caught.
fn of_defect(defect: Defect, catalogues: &[Arc<Catalogue>], target: &Target) -> Vec<PlannedRun> {
    let mut target = target
        .clone()
        .with_process_arguments(&["--defect", defect.name()]);
    if ENDLESS.contains(&defect.check()) {
        target.limits.get_mut().revoke_seconds = ENDLESS_REVOKE_SECONDS;
    }
    let mut asking: Vec<&Arc<Catalogue>> = catalogues
        .iter()
        .filter(|catalogue| asks_anew(&catalogue.set, defect.check()))
        .collect();
    if asking.is_empty() {
        asking.extend(catalogues.first());
    }
    asking
        .into_iter()
        .map(|catalogue| PlannedRun {
            name: defect.name().to_owned(),
            catalogue: Arc::clone(catalogue),
            target: target.clone(),
            seeded: Seeded::Defect(defect),
        })
        .collect()
}

/// A variant is judged by the first set that holds the row which allows it.
fn of_variant(
    variant: Variant,
    catalogues: &[Arc<Catalogue>],
    target: &Target,
) -> Option<PlannedRun> {
    let allowing = catalogues
        .iter()
        .find(|catalogue| catalogue.set.row(variant.row()).is_some());
    Some(PlannedRun {
        name: variant.name().to_owned(),
        catalogue: Arc::clone(allowing.or(catalogues.first())?),
        target: target
            .clone()
            .with_process_arguments(&["--variant", variant.name()]),
        seeded: Seeded::Variant(variant),
    })
}

fn of_defect_run(defect: Defect, report: &Report) -> DefectRun {
    let sources = defect.sources().iter();
    DefectRun {
        name: defect.name().to_owned(),
        summary: defect.summary().to_owned(),
        sources: sources.map(|&source| source.to_owned()).collect(),
        check: defect.check().to_owned(),
        failures: vec![failures(report)],
    }
}

fn check_names(names: &[String]) -> Result<(), NotReady> {
    let defects = Defect::ALL.iter().map(|defect| defect.name());
    let known: Vec<&str> = defects
        .chain(Variant::ALL.iter().map(|variant| variant.name()))
        .collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(NotReady::Usage(
            format!("there is no defect and no variant `{unknown}`"),
            nearest_hint(unknown, known).unwrap_or_default(),
        )),
    }
}
