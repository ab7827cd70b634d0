//! Every file format that a person writes or a run does, by name: what schemas are generated from.

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};

use crate::deviation::DeviationsFile;
use crate::provider_config::file::ProviderConfigFile;
use crate::requirement::RequirementSetFile;
use crate::scenario::file::ScenarioFile;
use crate::{Profile, Target};

/// The name of each format and the JSON Schema of its files.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    let generator = || SchemaGenerator::new(SchemaSettings::draft2020_12());
    vec![
        ("profile", generator().into_root_schema_for::<Profile>()),
        (
            "provider-config",
            generator().into_root_schema_for::<ProviderConfigFile>(),
        ),
        (
            "requirements",
            generator().into_root_schema_for::<RequirementSetFile>(),
        ),
        (
            "scenario",
            generator().into_root_schema_for::<ScenarioFile>(),
        ),
        (
            "deviations",
            generator().into_root_schema_for::<DeviationsFile>(),
        ),
        ("target", generator().into_root_schema_for::<Target>()),
        (
            "report",
            generator().into_root_schema_for::<crate::event::Report>(),
        ),
        (
            "event",
            generator().into_root_schema_for::<crate::event_line::EventLine>(),
        ),
        (
            "explanation",
            generator().into_root_schema_for::<crate::explanation::Explanation>(),
        ),
        (
            "evidence",
            generator().into_root_schema_for::<crate::case_evidence::CaseEvidence>(),
        ),
        (
            "proof",
            generator().into_root_schema_for::<crate::proof::Proof>(),
        ),
        (
            "adapter",
            generator().into_root_schema_for::<crate::adapter_protocol::Line>(),
        ),
    ]
}
